"""11月22日, 2026年11月22日, and 96,310: by threes, not by Django's fours."""

MONTH_FORMAT = "n月"
MONTH_DAY_FORMAT = "n月j日"
DATE_FORMAT = "Y年n月j日"
DATETIME_FORMAT = "Y年n月j日 H:i"
NUMBER_GROUPING = 3
THOUSAND_SEPARATOR = ","
