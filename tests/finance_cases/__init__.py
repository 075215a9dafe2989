"""Cases that users of other asset modules reported, each with what is right: by project and number, as a test's name or
docstring or a golden case's text has it. `grep -ri erpnext.35821 tests mappings` finds the one."""

CASES = {
    "erpnext": (
        *("56964", "45369", "38202", "34045", "20282", "00f8ba89", "50701", "50702", "35821"),  # running a month
        *("28675", "29943", "50222"),  # taken over
        *("40874", "35117", "36747"),  # amounts
        *("43723", "45777", "16193"),  # disposal
        *("46660", "20502", "35010", "46259", "54223"),  # register against ledger
    ),
    "adempiere": ("4311", "1463", "2281"),
    "accounted": ("2267",),
    "oca": ("1199", "1569", "1012", "1325", "1073", "913", "1323", "2255", "1933"),
    "dolibarr": ("26017", "36540", "36522", "33419"),
    "snipeit": ("11822", "18248", "12788", "13094", "14869"),
    "ledgersmb": ("5180",),
    "odoo": ("35751", "35757", "35763"),
}
