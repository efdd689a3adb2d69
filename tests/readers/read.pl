# Every cell of a workbook as a module of Perl shows it: read.pl MODULE FILE. A line per cell: sheet, row and column from 0, what it is,
# and its value as it stands in the file.
use strict;
use warnings;
use Encode ();

my ($module, $path) = @ARGV;
binmode STDOUT, ':encoding(UTF-8)';

sub tell_cell {
    my ($sheet, $row, $column, $kind, $value) = @_;
    return if !defined $value || $value eq '';
    my %escapes = ("\\" => '\\\\', "\t" => '\\t', "\n" => '\\n', "\r" => '\\r');
    my @fields = map { my $field = $_; $field =~ s/([\\\t\n\r])/$escapes{$1}/g; $field } ($sheet, $row, $column, $kind, $value);
    print join("\t", @fields), "\n";
}

my @sheets;
if ($module eq 'Spreadsheet::XLSX') {
    require Spreadsheet::XLSX;
    # It hands out bytes.
    @sheets = map { [Encode::decode('UTF-8', $_->{Name}), $_] } @{ Spreadsheet::XLSX->new($path)->{Worksheet} };
} else {
    require Spreadsheet::ParseXLSX;
    @sheets = map { [$_->get_name, $_] } Spreadsheet::ParseXLSX->new->parse($path)->worksheets;
}
for (@sheets) {
    my ($name, $sheet) = @$_;
    for my $row (0 .. $sheet->{MaxRow} // -1) {
        for my $column (0 .. $sheet->{MaxCol} // -1) {
            my $cell = $sheet->{Cells}[$row][$column] or next;
            my $value = $cell->{Val};
            if (defined $value && $module eq 'Spreadsheet::XLSX') {
                # It hands out XML.
                $value = Encode::decode('UTF-8', $value);
                $value =~ s/&lt;/</g;
                $value =~ s/&gt;/>/g;
                $value =~ s/&amp;/&/g;
            }
            tell_cell($name, $row, $column, ($cell->{Type} // '') eq 'Text' ? 'text' : 'number', $value);
        }
    }
}
