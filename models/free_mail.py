"""Domains at which anybody gets an e-mail address. `x.*` stands for x under every registry's ending, and
for no subdomain: live.acme.com is Acme's."""

from collections.abc import Iterable
from functools import lru_cache

from models.company_domain import label_and_ending

_WORLD = """
gmail.com googlemail.com outlook.* hotmail.* live.* msn.com windowslive.com passport.com yahoo.*
ymail.com rocketmail.com myyahoo.com aol.* aim.com netscape.net icloud.com me.com mac.com proton.me
protonmail.* pm.me tutanota.* tutamail.com tuta.io tuta.com keemail.me zoho.com zohomail.*
fastmail.* fastmail.fm hey.com duck.com mail.com email.com usa.com post.com europe.com asia.com
consultant.com engineer.com gmx.* hushmail.* hush.com runbox.com mailfence.com posteo.* mailbox.org
startmail.com disroot.org riseup.net skiff.com inbox.com lycos.* excite.* rediffmail.com
indiatimes.com sify.com mail.ru inbox.ru list.ru bk.ru internet.ru yandex.* ya.ru rambler.ru
lenta.ru ukr.net i.ua meta.ua bigmir.net tut.by qq.com foxmail.com 163.com 126.com yeah.net 188.com
sina.com sina.cn sohu.com aliyun.com 139.com 189.cn 21cn.com tom.com naver.com hanmail.net daum.net
nate.com docomo.ne.jp ezweb.ne.jp softbank.ne.jp nifty.com biglobe.ne.jp so-net.ne.jp ocn.ne.jp
"""
_EUROPE = """
web.de freenet.de t-online.de arcor.de online.de kabelmail.de mail.de email.de freemail.de orange.fr
wanadoo.fr free.fr laposte.net sfr.fr neuf.fr bbox.fr numericable.fr libero.it virgilio.it tiscali.*
alice.it tin.it tim.it inwind.it iol.it fastwebnet.it aruba.it terra.es telefonica.net ono.com
sapo.pt ziggo.nl planet.nl home.nl chello.* hetnet.nl xs4all.nl kpnmail.nl upcmail.nl casema.nl
quicknet.nl telenet.be skynet.be proximus.be scarlet.be bluewin.ch hispeed.ch sunrise.ch
swissonline.ch aon.at wp.pl o2.pl onet.pl onet.eu interia.pl interia.eu op.pl vp.pl poczta.onet.pl
poczta.fm tlen.pl gazeta.pl seznam.cz centrum.cz email.cz post.cz volny.cz atlas.cz azet.sk
centrum.sk zoznam.sk freemail.hu citromail.hu abv.bg mail.bg inbox.lv inbox.lt mail.ee hot.ee
telia.com comhem.se spray.se bredband.net online.no frisurf.no broadpark.no mail.dk tdcadsl.dk
stofanet.dk jubii.dk luukku.com suomi24.fi kolumbus.fi saunalahti.fi elisanet.fi simnet.is
btinternet.com btopenworld.com talktalk.net sky.com virginmedia.com ntlworld.com blueyonder.co.uk
tesco.net plusnet.com eircom.net otenet.gr mynet.com walla.co.il walla.com
"""
_AMERICAS_AND_OCEANIA = """
comcast.net xfinity.com verizon.net att.net sbcglobal.net bellsouth.net ameritech.net pacbell.net
swbell.net cox.net charter.net spectrum.net roadrunner.com rr.com twc.com earthlink.net
mindspring.com juno.com netzero.net optonline.net optimum.net frontier.com frontiernet.net
windstream.net centurylink.net embarqmail.com q.com suddenlink.net mchsi.com cableone.net rcn.com
peoplepc.com rogers.com bell.net sympatico.ca shaw.ca telus.net videotron.ca cogeco.ca uol.com.br
bol.com.br terra.com.br ig.com.br globo.com globomail.com oi.com.br r7.com zipmail.com.br
prodigy.net.mx fibertel.com.ar arnet.com.ar speedy.com.ar ciudad.com.ar bigpond.com bigpond.net.au
optusnet.com.au iinet.net.au westnet.com.au tpg.com.au dodo.com.au internode.on.net ozemail.com.au
xtra.co.nz slingshot.co.nz vodafone.co.nz clear.net.nz
"""
KNOWN = frozenset(f"{_WORLD} {_EUROPE} {_AMERICAS_AND_OCEANIA}".split())


def is_free_mail(domain: str, also: Iterable[str] = ()) -> bool:
    return _is_listed(domain.lower(), KNOWN) or _is_listed(domain.lower(), frozenset(also))


@lru_cache(65_536)
def _is_listed(domain: str, names: frozenset[str]) -> bool:
    if domain in names:
        return True
    label, _ = label_and_ending(domain)
    return domain.partition(".")[0] == label and f"{label}.*" in names
