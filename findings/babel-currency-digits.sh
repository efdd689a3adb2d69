#!/usr/bin/env bash
# Babel 2.19.0 and amounts in currencies that have minor units by ISO 4217.
#
# Guess, written down first: amounts are written with as many decimals as ISO 4217 gives the currency: 2 for HUF and COP, 3 for IQD.
# Seen (Python 3.11): no decimal at all; the amount is rounded to whole units without a word. Babel takes the digits that CLDR has
# for everyday prices. Only with currency_digits=False and a pattern of one's own the decimals stay. TWD, which is paid in whole
# units just as well, keeps its 2.
#
# Output seen:
#   HUF: 0 digits, HUF1,235
#   COP: 0 digits, COP1,235
#   IQD: 0 digits, IQD1,235
#   TWD: 2 digits, NT$1,234.56
#   HUF, currency_digits=False, pattern ¤#,##0.00: HUF1,234.56
set -euo pipefail
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
cd "$directory"
python3 -m venv python && python/bin/python3 -m pip install --quiet --disable-pip-version-check babel==2.19.0
cat >write.py <<'PYTHON'
from decimal import Decimal

from babel.numbers import format_currency, get_currency_precision

amount = Decimal("1234.56")
for code in ["HUF", "COP", "IQD", "TWD"]:
    print(f"{code}: {get_currency_precision(code)} digits, {format_currency(amount, code, locale='en')}")
pattern = "¤#,##0.00"
text = format_currency(amount, "HUF", pattern, locale="en", currency_digits=False)
print(f"HUF, currency_digits=False, pattern {pattern}: {text}")
PYTHON
output=$(PYTHONUTF8=1 python/bin/python3 write.py 2>&1)
echo "$output"
[ "$output" = "HUF: 0 digits, HUF1,235
COP: 0 digits, COP1,235
IQD: 0 digits, IQD1,235
TWD: 2 digits, NT\$1,234.56
HUF, currency_digits=False, pattern ¤#,##0.00: HUF1,234.56" ]
