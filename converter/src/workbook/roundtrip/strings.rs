//! Strings that mean something to a spreadsheet, to XML, to HTML or to nobody, among ordinary ones.

use proptest::prelude::*;
use proptest::sample::select;

/// What a cell must show as it stands.
const HOSTILE: &[&str] = &[
    // Formulas, commands and links.
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "{=1}",
    "=cmd|'/c calc'!A1",
    "=HYPERLINK(\"http://a.example\")",
    "http://a.example/?a=1&b=2",
    "mailto:a@a.example",
    "file:///etc/hosts",
    "internal:'Summary'!A1",
    "external:b.xlsx",
    // XML and HTML.
    "<r><t>",
    "</t></r>",
    "</t></is></c>",
    "<is><t>",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "<?xml?>",
    "&amp;",
    "&lt;",
    "&#65;",
    "&#x0;",
    "&",
    "<",
    ">",
    "\"",
    "'",
    "<b>b</b>",
    "<script>alert(1)</script>",
    // The escapes of ST_Xstring, whole, in part and overlapping.
    "_x0041_",
    "_x005F_",
    "_x005f_x0041_",
    "_x_x0041_",
    "_X000D_",
    "_x000d_",
    "_x0000_",
    "_xFFFF_",
    "_xD83D__xDE00_",
    "_x0041",
    "x0041_",
    "_x",
    "_",
    "_x12_",
    "_xZZZZ_",
    "＿x0041＿",
    // White space.
    " ",
    "  ",
    "\t",
    "\n",
    "\r",
    "\r\n",
    "\n\r",
    "\u{A0}",
    "\u{3000}",
    "\u{85}",
    "\u{2028}",
    "\u{2029}",
    // Invisible, combining, directional and unassigned characters.
    "\u{FEFF}",
    "\u{200B}",
    "\u{200D}",
    "\u{202E}",
    "\u{200F}",
    "\u{2066}",
    "\u{FDD0}",
    "\u{FFFD}",
    "\u{1FFFE}",
    "\u{10FFFF}",
    "葛\u{E0100}",
    "辻\u{FE00}",
    "❤\u{FE0F}",
    "👨\u{200D}👩\u{200D}👧",
    "🇯🇵",
    "か\u{3099}",
    "e\u{301}\u{301}\u{301}",
    // Text, and what looks like another type.
    "山田 太郎",
    "ＡＢＣ　１２３",
    "ｶﾌﾞｼｷ",
    "0001",
    "1E5",
    "1/2",
    "2026-10-01",
    "TRUE",
    "#REF!",
    "NaN",
    "'0001",
    "%s%n",
    "{event}",
    "\\u0041",
    "../..",
];

/// A string that a cell keeps.
pub fn any_text() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        6 => select(HOSTILE).prop_map(str::to_owned),
        2 => any::<char>().prop_map(String::from),
        2 => (0u8..0xA0).prop_map(|byte| char::from(byte).to_string()),
        2 => "[ -~]{0,8}",
    ];
    prop::collection::vec(part, 0..6)
        .prop_map(|parts| parts.concat())
        .prop_filter("refused as it is read", |text| {
            crate::rows::reader::unkeepable(text).is_none()
        })
}

/// As many UTF-16 units as a cell holds, or a few less, of characters that grow when they are escaped.
pub fn longest_text() -> impl Strategy<Value = String> {
    let unit = select(&["a", "&", "<", "\r", "\u{1}", "注", "😀", "_x0041_", " "][..]);
    (unit, 0..3usize).prop_map(|(unit, less)| {
        let units = unit.encode_utf16().count();
        unit.repeat((32_767 - less) / units)
    })
}
