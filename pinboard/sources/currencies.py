"""What people write for a currency, and which ISO code they mean by it.

Strong signs mean money wherever they stand. Weak ones are letters that mean money only
beside a number. Where one sign is many currencies (`$`, `kr`), the page's country says
which.
"""

from __future__ import annotations

import re

CODES = frozenset(
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL "
    "BSD BTN BWP BYN BZD CAD CDF CHF CLF CLP CNY COP CRC CUC CUP CVE CZK DJF DKK DOP "
    "DZD EGP ERN ETB EUR FJD FKP GBP GEL GGP GHS GIP GMD GNF GTQ GYD HKD HNL HRK HTG "
    "HUF IDR ILS IMP INR IQD IRR ISK JEP JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD "
    "KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MRO MUR MVR MWK MXN "
    "MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB "
    "RWF SAR SBD SCR SDG SEK SGD SHP SLE SLL SOS SRD SSP STD STN SVC SYP SZL THB TJS "
    "TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VEF VES VND VUV WST XAF XCD "
    "XOF XPF YER ZAR ZMK ZMW ZWL ATS BEF CYP DEM EEK ESP FIM FRF GRD IEP ITL LTL LUF "
    "LVL MTL NLG PTE RUR SIT SKK RMB NTD BTC AFL CHE CHW CUP XDR XAU XAG".split()
)
# Words of ordinary English in capitals: "ALL TOP PRICES".
WORDLIKE_CODES = frozenset(
    "ALL ANG BAM COP CUP GEL IMP MAD MOP PEN SOS TOP TRY".split()
)
_OTHER_NAMES = {"RUR": "RUB", "RMB": "CNY", "NTD": "TWD", "AFL": "AWG"}

# How shops write prices, not how we keep them (pinboard.prices): nobody writes parts of
# these.
_WRITTEN_WHOLE = frozenset(
    "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF".split()
)
# Officially divided, but nobody prices in the parts any more.
RARELY_DIVIDED = _WRITTEN_WHOLE | frozenset(
    "ARS COP CRC HUF IDR IQD IRR KHR KZT LAK LBP LKR MMK MNT NGN PKR TZS UZS AMD "
    "RSD MWK MGA KES SOS SYP YER RUB UAH CZK TWD INR PHP".split()
)
THREE_DECIMALS = frozenset("BHD JOD KWD LYD OMR TND".split())


def _table(text: str) -> dict[str, str]:
    """`sign ... CODE` lines to a dictionary; `_` in a sign is a space."""
    signs: dict[str, str] = {}
    for line in text.strip().splitlines():
        *written, code = line.split()
        signs.update({sign.replace("_", " "): code for sign in written})
    return signs


# `*` in place of a code: the sign is shared, see `iso_code`.
STRONG = _table("""
$ *
Bds$ BBD
CUC$ CUC
MOP$ MOP
AR$ ARS
AU$ A$ AU_$ AUD$ AUD
BN$ BND
BZ$ BZD
CA$ CAD$ CAN$ C_$ CA_$ CAD
C$ CAD
CL$ CLP
CO$ COL$ COP
CV$ CVE
FJ$ FJD
G$ GY$ GYD
HK$ HK_$ HKD
EC$ XCD
MX$ Mex$ MXN
NT$ NT_$ TWD
NZ$ NZ_$ NZD
TT$ TTD
RD$ DOP
WS$ WST
US$ US_$ U$S U$ $US USD
$U UYU
J$ JMD
N$ NAD
R$ BRL
S$ SGD
T$ TOP
Z$ ZWL
L$ LRD
SI$ SBD
€ EUR
£ ￡ *
SY£ SYP
LB£ L£ LBP
E£ EGP
IR£ IEP
₤ *
zł Zł ZŁ złotych zloty zlotych PLN
Kč kč KČ CZK
₽ RUB
¥ ￥ *
CN¥ CNY
JP¥ JPY
人民币 人民幣 元 圆 圓 块 块钱 *
円 日元 日圓 JPY
港币 港元 港幣 HKD
台币 台幣 新台币 新臺幣 新台幣 TWD
美元 美金 USD
欧元 歐元 EUR
원 ₩ 圜 KRW
฿ บาท THB
₦ NGN
₴ грн. грн гривен гривень гривня UAH
₱ PHP
৳ ৲ টকা টাকা BDT
₭ ກີບ LAK
₪ ש״ח ש"ח ₪. ILS
﷼ ریال *
ريال *
៛ KHR
₫ VNĐ vnđ đồng VND
₡ CRC
ƒ AWG
₲ PYG
؋ AFN
₮ төг төгрөг MNT
₸ тңг тңг. тг тг. тенге теңге KZT
₼ ман. манат AZN
₾ ლარი GEL
֏ դր. դր AMD
₹ रु. INR
₨ *
रू नेरू NPR
௹ *
රු. LKR
₺ TRY
₵ GH₵ GH¢ GHS
₿ Ƀ BTC
₶ ₣ FRF
₧ ESP
₯ Δρχ. Δρ. GRD
руб. руб RUB
р. RUB
лв. лв BGN
дин. динар динара дин RSD
ден. MKD
сўм so'm soʻm soʼm so‘m UZS
ر.س ر.س. رس SAR
ر.ق ر.ق. QAR
ر.ع ر.ع. OMR
ر.ي ر.ي. YER
د.ك د.ك. دينار_كويتي KWD
د.ع د.ع. ع.د دينار_عراقي IQD
د.ج د.ج. دج دينار_جزائري DZD
د.م د.م. درهم_مغربي MAD
د.إ د.إ. درهم_إماراتي AED
د.ت د.ت. دينار_تونسي TND
د.ل د.ل. ل.د ل.د. دينار_ليبي LYD
د.ب د.ب. دينار_بحريني BHD
د.أ د.أ. د.ا د.ا. دينار_أردني JOD
د. دينار *
درهم *
ج.م ج.م. جنيه جنيه_مصري EGP
ج.س ج.س. جنيه_سوداني SDG
ل.س ل.س. ليرة_سورية SYP
ل.ل ل.ل. ليرة_لبنانية LBP
ريال_سعودي SAR
ريال_قطري QAR
ريال_عماني OMR
ريال_يمني YER
ش.ج ILS
تومان تومن IRR
نافكا ERN
ރ. MVR
euro Euro EURO euros Euros EUR
CHf SFr SFr. sFr sFr. Fr.- CHF
GBp GBX GBP
Rp Rp. IDR
lei LEI leu RON
Lek lekë ALL
Dinara dinara dinar RSD
Ft forint HUF
FCFA F_CFA XOF
CFPF FCFP F_CFP CFP XPF
CFA XOF
Fdj DJF
FBu BIF
Nfk ERN
Nu. BTN
Afl. AWG
Bs.F. Bs.S VES
B/. PAB
S/. S/ PEN
KSh Ksh KShs Ksh. Kshs Kshs. KES
TSh Tsh TShs TZS
USh Ush UShs UGX
Ssh SOS
MURs MUR
NPRs NPR
PKRs PKR
SLRs LKR
RM MYR
Rs Rs. rs. Re. *
MTn MTn. MZN
GFr GNF
RF RWF
kwz Kz AOA
hrn hrn. hrn UAH
Rbl Rbl. rub. RUB
lari GEL
yen JPY
yuan Yuan renminbi CNY
rupiah IDR
rupees rupee *
dollars dollar *
francs franc *
kroon EEK
litų LTL
tolarjev SIT
D-Mark DEM
Ptas Pta ESP
öS ATS
mk. FIM
Skr SEK
Nkr NOK
Dkr DKK
Ikr ISK
kr kr. Kr Kr. KR kr *
TL TRY
đ VND
""")

# Only beside a number, and only with nothing but the number around.
WEAK = _table("""
Ar MGA
Br BYN
BD BHD
Bs Bs. BOB
DA DZD
Db STN
Dh Dhs DH Dhs. dhs AED
DT TND
D GMD
Esc Esc. CVE
F FF FRF
FC CDF
FG GNF
FR Fr. fr. Fr CHF
G HTG
ID IQD
JD JOD
K ZMW
KD KWD
KM BAM
Ks MMK
L *
LD LYD
Le SLE
Lm MTL
Ls LVL
Lt LTL
MK MWK
MRf Rf MVR
MT MZN
NT TWD
P BWP
Q GTQ
QR QAR
R ZAR
S' Sʻ S‘ S’ UZS
Sh KES
Sk SKK
Sl SOS
SR SAR
T TOP
Tk Tk. BDT
UM MRU
VT VUV
YR YER
ZK ZMW
man. AZN
р Р RUB
fl. NLG
Af AFN
ден ДЕН MKD
км КМ BAM
сом KGS
ރ MVR
ლ GEL
र रु INR
ரூ *
રૂ INR
රු LKR
Lei RON
DM DEM
Pts Pt ESP
kn HRK
din din. RSD
сум сум. UZS
""")

COUNTRIES = _table("""
ae AED
al ALL
am AMD
ar ARS
at be cy de ee es eu fi fr gr ie it lt lu lv mt nl pt si sk hr me EUR
au AUD
az AZN
ba BAM
bd BDT
bg EUR
bh BHD
bo BOB
br BRL
by BYN
ca CAD
ch li CHF
cl CLP
cn CNY
co COP
cr CRC
cz CZK
dk DKK
do DOP
dz DZD
eg EGP
ge GEL
gh GHS
gt GTQ
hk HKD
hn HNL
hu HUF
id IDR
il ILS
in INR
iq IQD
ir IRR
is ISK
jo JOD
jp JPY
ke KES
kg KGS
kh KHR
kr KRW
kw KWD
kz KZT
lk LKR
ma MAD
md MDL
mk MKD
mn MNT
mo MOP
mu MUR
mx MXN
my MYR
ng NGN
no NOK
np NPR
nz NZD
om OMR
pa PAB
pe PEN
ph PHP
pk PKR
pl PLN
py PYG
qa QAR
ro RON
rs RSD
ru su RUB
sa SAR
se SEK
sg SGD
th TH THB
tn TND
tr TRY
tw TWD
tz TZS
ua UAH
ug UGX
gb uk GBP
us USD
uy UYU
uz UZS
ve VES
vn VND
za ZAR
""")

# Codes that a shared sign may mean; the first is meant where the page says nothing.
_SHARED: dict[str, tuple[str, ...]] = {
    "$": (
        *("USD", "CAD", "AUD", "NZD", "SGD", "HKD", "TWD", "MXN", "CLP", "ARS", "COP"),
        *("UYU", "BBD", "BND", "BZD", "DOP", "FJD", "JMD", "NAD", "TTD", "XCD", "LRD"),
        *("BSD", "GYD", "SBD", "SRD", "ZWL", "CUP", "CVE", "KYD", "MOP", "NIO", "BRL"),
    ),
    "£": ("GBP", "EGP", "LBP", "SYP", "SDG", "GIP", "FKP", "IMP", "JEP", "GGP", "SHP"),
    "₤": ("GBP", "ITL", "TRY"),
    "¥": ("CNY", "JPY"),
    "元": ("CNY", "TWD", "HKD"),
    "rs": ("INR", "PKR", "LKR", "NPR", "MUR", "SCR"),
    "kr": ("SEK", "NOK", "DKK", "ISK", "EEK"),
    "franc": ("CHF", "XOF", "XAF", "FRF"),
    "rial": ("IRR", "SAR", "QAR", "OMR", "YER"),
    "dinar": ("KWD", "IQD", "DZD", "TND", "LYD", "BHD", "JOD"),
    "dirham": ("AED", "MAD"),
    "dollar": ("USD",),
    "l": ("RON", "HNL", "ALL", "MDL"),
}
_FAMILY = {
    **dict.fromkeys(("￡",), "£"),
    **dict.fromkeys(("￥",), "¥"),
    **dict.fromkeys(("人民币", "人民幣", "圆", "圓", "块", "块钱"), "元"),
    **dict.fromkeys(
        ("₨", "Rs", "Rs.", "rs.", "Re.", "௹", "ரூ", "rupee", "rupees"), "rs"
    ),
    **dict.fromkeys(("kr", "kr.", "Kr", "Kr.", "KR"), "kr"),
    **dict.fromkeys(("francs", "franc"), "franc"),
    **dict.fromkeys(("﷼", "ریال", "ريال"), "rial"),
    **dict.fromkeys(("د.", "دينار"), "dinar"),
    **dict.fromkeys(("درهم",), "dirham"),
    **dict.fromkeys(("dollars", "dollar"), "$"),
    **dict.fromkeys(("L",), "l"),
}
# Signs that another country of the same family uses too.
_ALSO = {"lei": "MDL", "LEI": "MDL", "Lei": "MDL", "Br": "ETB", "C$": "NIO"}
_COLLAPSED = re.compile(r"\s+")


def iso_code(sign: str | None, *, hints: tuple[str, ...] = ()) -> str | None:
    """The ISO code of a sign. `hints` are codes the page suggests, the best first."""
    if not sign:
        return None
    sign = _COLLAPSED.sub(" ", sign.strip().strip("\u200e\u200f"))
    upper = sign.upper()
    if upper in CODES:
        return _OTHER_NAMES.get(upper, upper)
    meant = STRONG.get(sign) or WEAK.get(sign) or STRONG.get(sign.lower())
    if meant != "*":
        also = _ALSO.get(sign)
        return also if also and also in hints else meant
    possible = _SHARED[_FAMILY.get(sign, sign)]
    return next((hint for hint in hints if hint in possible), possible[0])


def currency_of_country(code: str) -> str | None:
    return COUNTRIES.get(code.lower())
