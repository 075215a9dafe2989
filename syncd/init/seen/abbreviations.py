"""Names run together of abbreviations, as old systems have them: initials of pinyin (`zcbh` is 资产编号), German and
English stems (`ANLNR`, `KTOBEZ`). Each piece is spelt out in English; the other word lists go on from there."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Final

PIECES_MAX: Final = 4


def _pairs(text: str) -> Mapping[str, str]:
    return dict(pair.split("=") for pair in text.split())


OF_PINYIN: Final = _pairs(
    "zc=asset gdzc=asset sb=asset kp=card zj=depreciation bm=dept ks=dept cj=workshop lb=class fl=class zl=class "
    "gys=supplier wldw=supplier xm=project km=account pz=voucher kj=fiscal qj=period nd=year yf=month ny=period "
    "jf=debit df=credit fx=direction jd=direction yz=original_value ys=original_value lj=accumulated "
    "ljzj=accumulated_depreciation jz=net_value jzzb=impairment jc=residual cz=residual sy=useful rz=booked "
    "qy=in_service gm=purchase gz=purchase gr=purchase cg=purchase js=end bf=scrapped cl=disposal bd=movement "
    "yb=movement tz=transfer db=transfer zy=summary zd=prepared lr=created sh=approved wb=external ly=source "
    "fj=attachment sf=is mj=leaf dj=price sl=quantity se=vat hs=gross hj=total wx=maintenance dd=order bx=claim "
    "fk=payment mx=line zb=head hz=total bz=status hh=line hb=unit dw=unit xt=system cs=setting zt=status "
    "ye=balance"
)
"""What a piece says that another follows."""
OF_PINYIN_LAST: Final = _pairs(
    "bh=code bm=code dm=code hm=code id=id mc=name rq=date sj=date zt=status bz=flag je=amount jine=amount "
    "lb=type lx=type fs=method ff=method fx=direction xh=line hh=line nx=life l=rate lv=rate zl=rate "
    "jczl=residual_rate r=by ry=by yh=by dh=document_no ho=code mx=line fl=entry zb=head tz=register xx=info "
    "kp=card d=slip djb=register b=table jb=head nd=year yf=month qj=period yz=original_value "
    "ljzj=accumulated_depreciation jz=net_value zj=depreciation jzzb=impairment hjz=total zy=summary s=count "
    "jl=record ls=history bd=movement dj=slip yy=reason km=account xm=project dw=unit"
)
"""What the last piece says."""
ALONE: Final = _pairs(
    "synx=useful_life_years syqx=useful_life_years zjnx=useful_life_years sybm=dept ssbm=dept glbm=dept "
    "jczl=residual_rate rzrq=capitalized_on qyrq=in_service_date tyrq=in_service_date yszrq=accepted_on "
    "zgrq=capitalized_on gmrq=purchase_date gzrq=purchase_date zje=depreciation_amount yzje=depreciation_amount "
    "bqzj=depreciation_amount byzj=depreciation_amount ljzj=accumulated_depreciation sfjz=is_closed sfmj=is_leaf "
    "jzbz=closed_flag zdr=prepared_by lrr=created_by shr=approved_by wbdh=external_ref lydh=source_ref "
    "kjqj=period kjnd=fiscal_year kjyf=fiscal_month ksrq=start_date jsrq=end_date fjs=attachments "
    "fjzs=attachments pzzb=voucher_head pzmx=voucher_line fl=entry bfd=disposal ybd=movement tjd=change "
    "jzd=impairment zjb=depreciation kmb=account yz=original_value jz=net_value xh=id bz=comment shzt=status "
    "ywzt=status bdje=amount bfrq=disposed_on czrq=disposed_on afakum=accumulated_depreciation "
    "kumafa=accumulated_depreciation per=period bez=name nam=name txt=text abgdat=disposed_on"
)
"""What is more than its pieces."""
STEMS: Final = _pairs(
    "anl=asset anlg=asset inv=asset eqp=asset masch=asset kst=dept kost=dept abt=dept kred=supplier lief=supplier "
    "kto=account konto=account bu=booking buch=booking bel=voucher beleg=voucher bl=voucher soll=debit hab=credit "
    "haben=credit ans=acquisition ansch=acquisition anschaff=acquisition akt=activation inbetr=in_service "
    "zug=acquisition abg=disposal kum=accumulated afa=depreciation bew=movement ges=closed gesp=closed "
    "sperr=closed von=from bis=to erf=entered fremd=external ext=external pos=line per=period jahr=year jhr=year "
    "mon=month kopf=head st=status stat=status ahk=acquisition_value rest=residual nutz=useful nd=useful_life "
    "kl=class kat=class grp=class proj=project wert=value whg=currency prj=project plan=chart ast=asset equ=asset "
    "dep=depreciation dpr=depreciation acc=account vch=voucher vou=voucher jrn=journal ldg=ledger dpt=dept "
    "cat=class sup=supplier vnd=supplier prd=period fis=fiscal yr=year dr=debit cr=credit pur=purchase "
    "acq=acquisition dsp=disposal rtr=retired cap=capitalized cls=closed beg=start end=end opn=open "
    "trn=transaction org=original cst=cost acm=accumulated lif=life sts=status usr=user crt=created ref=ref "
    "seq=line"
)
LAST_STEMS: Final = _pairs(
    "nr=no no=no nm=name bez=name nam=name txt=text text=text dat=date dt=date tag=day kz=flag art=type "
    "wert=value btr=amount betr=amount amt=amount val=value vl=value cd=code id=id kl=class stm=register "
    "st=register stamm=register kart=card kopf=head hd=head hdr=head pos=line dtl=line pl=chart plan=chart "
    "afa=depreciation kum=accumulated bew=movement abg=disposal per=period jahr=year yr=year mon=month mo=month "
    "user=user usr=by ref=ref dst=register tab=table flg=flag fl=flag sts=status stat=status typ=type ty=type "
    "dsc=name desc=name mst=register ms=register ln=line cst=cost lif=life"
)


@cache
def spelt_out(words: tuple[str, ...]) -> str:
    """A name's words in English, joined by `_`: empty where a piece of it is unknown, or where it is none of these."""
    joined = "".join(words)
    if joined in ALONE:
        return ALONE[joined]
    for first, last in ((OF_PINYIN, OF_PINYIN_LAST), (STEMS, LAST_STEMS)):
        pieces = _cut(joined, first, last, PIECES_MAX)
        if pieces is not None and len(pieces) > 1:
            return "_".join(pieces)
    return ""


def _cut(name: str, first: Mapping[str, str], last: Mapping[str, str], pieces_max: int) -> Sequence[str] | None:
    """The pieces in as few as may be, the last of which is told as such."""
    if name in last:
        return [last[name]]
    found: list[Sequence[str]] = []
    for length in range(2, len(name) if pieces_max > 1 else 0):
        if (piece := first.get(name[:length])) is not None:
            rest = _cut(name[length:], first, last, pieces_max - 1)
            found += [] if rest is None else [[piece, *rest]]
    return min(found, key=len, default=None)
