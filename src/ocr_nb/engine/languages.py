"""Which languages there are, by the names the service gives them, and what each needs.

A language needs letters: an engine that cannot print one of them cannot honour it. Tesseract needs a file
of its own for each. Letters: the main exemplar sets of the Unicode CLDR, beyond a-z, and for scripts other
than Latin enough of them to tell whether an alphabet holds the script.
"""

from __future__ import annotations

import difflib
import unicodedata
from functools import cache

_LATIN = {
    "English": ("eng", ""),
    "German": ("deu", "äöüß"),
    "French": ("fra", "àâæçéèêëîïôœùûüÿ"),
    "Italian": ("ita", "àéèìòù"),
    "Spanish": ("spa", "áéíñóúü¿¡"),
    "Portuguese": ("por", "àáâãçéêíòóôõú"),
    "Polish": ("pol", "ąćęłńóśźż"),
    "Slovene": ("slv", "čšž"),
    "Slovak": ("slk", "áäčďéíĺľňóôŕšťúýž"),
    "Netherlands": ("nld", "áäéëíïóöúü"),
    "Dutch": ("nld", "áäéëíïóöúü"),
    "Lithuanian": ("lit", "ąčęėįšųūž"),
    "Latvian": ("lav", "āčēģīķļņšūž"),
    "Danish": ("dan", "æøå"),
    "Norwegian": ("nor", "æøåàéò"),
    "Finnish": ("fin", "äöåšž"),
    "Croatian": ("hrv", "čćđšž"),
    "Bosnian": ("bos", "čćđšž"),
    "Serbo_Croatian": ("srp_latn", "čćđšž"),
    "Czech": ("ces", "áčďéěíňóřšťúůýž"),
    "Swedish": ("swe", "äöåàé"),
    "Estonian": ("est", "äõöüšž"),
    "Romanian": ("ron", "ăâîșț"),
    "Turkish": ("tur", "çğıöşüİ"),
    "Indonesian": ("ind", ""),
    "Javanese": ("jav", "âåéèêìòù"),
    "Albanian": ("sqi", "çë"),
    "Latin": ("lat", "āēīōūæœ"),
    "Vietnamese": ("vie", "àảãáạăằẳẵắặâầẩẫấậđèẻẽéẹêềểễếệìỉĩíịòỏõóọôồổỗốộơờởỡớợùủũúụưừửữứựỳỷỹýỵ"),
    "Uzbek": ("uzb", "ʻʼ"),
    "Azerbaijani": ("aze", "çəğıöşüİ"),
    "Malay": ("msa", ""),
    "Hausa": (None, "ɓɗƙƴ"),
    "Sundanese": ("sun", "é"),
    "Swahili": ("swa", ""),
    "Tagalog": ("tgl", "ñ"),
    "Yoruba": ("yor", "ẹọṣáàéèíìóòúù"),
    "Oromo": (None, ""),
    "Cebuano": ("ceb", "ñ"),
    "Kurdish": ("kmr", "çêîşû"),
    "Malagasy": (None, "àâéèêëìîïñô"),
    "Zhuang": (None, ""),
    "Turkmen": (None, "äçňöşüýž"),
    "Somali": (None, ""),
    "Hungarian": ("hun", "áéíóöőúüű"),
    "Chichewa": (None, "ŵ"),
    "Rwanda": (None, ""),
    "Min_Dong": (None, "āáăâēéĕêīíĭîōóŏôūúŭûṳ"),
    "Zulu": (None, ""),
    "Ilocano": (None, "ñ"),
    "Quechua": ("que", "ñ"),
    "Hiligaynon": (None, "ñ"),
    "Hmong": (None, ""),
    "Shona": (None, ""),
    "Xhosa": (None, ""),
    "Betawi": (None, "éè"),
    "Catalan": ("cat", "àçéèíïóòúü·"),
    "Afrikaans": ("afr", "áâéèêëîïôöúû"),
    "Minangkabau": (None, ""),
    "Sotho_Southern": (None, ""),
    "Bikol": (None, "ñ"),
    "Makua": (None, ""),
    "Kanuri": (None, "əɍ"),
    "Tswana": (None, "êôš"),
    "Kikongo": (None, ""),
    "Luo": (None, ""),
    "Sukuma": (None, ""),
    "Tsonga": (None, ""),
    "Bemba": (None, ""),
    "Nandi": (None, ""),
    "Palembang": (None, ""),
    "Umbundu": (None, "ãẽĩõũ"),
    "Sotho_Northern": (None, "êôš"),
    "Waray_Waray": (None, "ñ"),
    "Low_German": (None, "äöüßå"),
    "Musi": (None, ""),
    "HWT_ENG": (None, ""),
    "Kapampangan": (None, "ñ"),
    "Bouyei": (None, ""),
    "Galician": ("glg", "áéíñóúü"),
    "Ndebele": (None, ""),
    "Yao": (None, "ŵ"),
    "Sasak": (None, ""),
    "Swati": (None, ""),
    "Gusii": (None, ""),
    "Meru": (None, "ĩũ"),
    "Wolaytta": (None, ""),
    "Dong": (None, ""),
    "Pangasinan": (None, "ñ"),
    "Dimli": (None, "çêğıîşû"),
    "Makassar": (None, ""),
    "Tumbuka": (None, "ŵ"),
    "Serer_Sine": (None, "ƈɗñŋƥƭƴ"),
    "Occitan": ("oci", "àáçèéíïòóúü"),
    "Tonga": ("ton", "āēīōūʻ"),
    "Muong": (None, "ạảấầẩẫậắằẳẵặ"),
    "Kiche": (None, "äëïöü"),
    "Luguru": (None, ""),
    "Min_Nan": (None, "áàâāéèêēíìîīńǹóòôōúùûūⁿ"),
}
"""Written in Latin letters: the name of Tesseract's file (None where there is none), letters beyond a-z."""

_CHINESE = "的一是不了人我在有他这大来以个中上们文字汉语"
_DEVANAGARI = "अआइईउऊएऐओऔकखगघचछजझटठडढणतथदधनपफबभमयरलवशषसह"
_CYRILLIC = "абвгдежзиклмнопрстуфхцчшАБВГДЕЖЗИКЛМНОПРСТУФХЦЧШ"
_ARABIC = "ابتثجحخدذرزسشصضطظعغفقكلمنهوي"
_OTHER = {
    "Serbian": ("srp", _CYRILLIC + "ђјљњћџ"),
    "Chinese": ("chi_sim", _CHINESE),
    "Russian": ("rus", _CYRILLIC + "йщъыьэюяё"),
    "Arabic": ("ara", _ARABIC),
    "Hindi": ("hin", _DEVANAGARI),
    "Ukrainan": ("ukr", _CYRILLIC + "ґєії"),
    "Bengali": ("ben", "অআইঈউঊএঐওঔকখগঘচছজঝটঠডঢণতথদধনপফবভমযরলশষসহ"),
    "Tibetan": ("bod", "ཀཁགངཅཆཇཉཏཐདནཔཕབམ"),
    "Thai": ("tha", "กขคงจฉชซญดตถทนบปผพฟมยรลวสหอ"),
    "Urdu": ("urd", _ARABIC + "ٹپچڈڑژکگںھہیے"),
    "Korean": ("kor", "가나다라마바사아자차카타파하한글의은는을를"),
    "Hebrew": ("heb", "אבגדהוזחטיכלמנסעפצקרשת"),
    "Greek": ("ell", "αβγδεζηθικλμνξοπρστυφχψωάέήίόύώςϊϋΐΰ"),
    "Japanese": ("jpn", "あいうえおかきくけこさしすせそアイウエオカキクケコ日本語東京"),
    "Persian": ("fas", _ARABIC + "پچژکگی"),
    "Georgian": ("kat", "აბგდევზთიკლმნოპჟრსტუფქღყშჩცძწჭხჯჰ"),
    "Bulgarian": ("bul", _CYRILLIC + "йщъьюя"),
    "Kazah": ("kaz", _CYRILLIC + "әғқңөұүһі"),
    "Macedonian": ("mkd", _CYRILLIC + "ѓѕјљњќџ"),
    "Belorussian": ("bel", _CYRILLIC + "ўіё"),
    "Min_Bei": (None, _CHINESE),
    "Lamani": (None, _DEVANAGARI),
    "Gilaki": (None, _ARABIC + "پچژکگی"),
    "Pu_Xian": (None, _CHINESE),
    "Wu": (None, _CHINESE),
    "Cantonese": ("chi_tra", _CHINESE + "這來個們漢語"),
    "Xiang": (None, _CHINESE),
    "Hakka": (None, _CHINESE),
    "Gan": (None, _CHINESE),
    "Chechen": (None, _CYRILLIC + "ёйщъыьэюяӀ"),
    "Kabardian": (None, _CYRILLIC + "ёйщъыьэюяӀ"),
    "Marathi": ("mar", _DEVANAGARI + "ळ"),
    "Bhojpuri": (None, _DEVANAGARI),
    "Maithili": (None, _DEVANAGARI),
    "Awadhi": (None, _DEVANAGARI),
    "Nepali": ("nep", _DEVANAGARI),
    "Marwari": (None, _DEVANAGARI),
    "Magahi": (None, _DEVANAGARI),
    "Haryanvi": (None, _DEVANAGARI),
    "Chattisgarhi": (None, _DEVANAGARI),
    "Dhundari": (None, _DEVANAGARI),
    "Konkani": (None, _DEVANAGARI),
    "Kanauji": (None, _DEVANAGARI),
    "Mewati": (None, _DEVANAGARI),
    "Rajbanshi": (None, _DEVANAGARI),
    "Garhwali": (None, _DEVANAGARI),
    "Kumauni": (None, _DEVANAGARI),
    "Wagdi": (None, _DEVANAGARI),
    "Malvi": (None, _DEVANAGARI),
    "Mewari": (None, _DEVANAGARI),
    "Uyghur": ("uig", _ARABIC + "پچژڭگۇۆۈۋېى"),
    "Telugu": ("tel", "అఆఇఈఉఊఎఏఐఒఓఔకఖగఘచఛజఝటఠడఢణతథదధనపఫబభమయరలవశషసహ"),
    "Kannada": ("kan", "ಅಆಇಈಉಊಎಏಐಒಓಔಕಖಗಘಚಛಜಝಟಠಡಢಣತಥದಧನಪಫಬಭಮಯರಲವಶಷಸಹ"),
    "Tamil": ("tam", "அஆஇஈஉஊஎஏஐஒஓஔகஙசஞடணதநபமயரலவழளறன"),
    "Devanagari": ("script/Devanagari", _DEVANAGARI),
}

LANGUAGES: tuple[str, ...] = tuple(sorted({**_LATIN, **_OTHER}))
"""Every name the service knows."""

_EAST_ASIAN = frozenset({"CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO", "IDEOGRAPHIC"})
_PRINT_SIGNS = frozenset("€£¥§©®™°±×÷•…–—‘’“”„‚«»‹›†‡‰·¿¡ªº²³¹µ¼½¾¢¤¦¨¯´¸☐☑☒✓✗→←↑↓≤≥≠≈№")
"""Signs that print uses in any language, beyond ASCII."""


def language_hint(name: str) -> str:
    """Say which language was meant by `name`, or a few to choose from: there are too many to list."""
    close = difflib.get_close_matches(name, LANGUAGES, n=1, cutoff=0.6)
    return f"did you mean {close[0]!r}?" if close else "use a name such as English, German or French."


def tesseract_code(language: str) -> str | None:
    """Return the name of Tesseract's data file for `language`; None when there is none for it."""
    return (_LATIN.get(language) or _OTHER[language])[0]


def letters_of(language: str) -> str:
    """Return letters that a text in `language` needs beyond a-z."""
    return (_LATIN.get(language) or _OTHER[language])[1]


def is_latin(language: str) -> bool:
    """Tell whether `language` is written in Latin letters."""
    return language in _LATIN


@cache
def _script(letter: str) -> str:
    return unicodedata.name(letter, "?").split()[0].split("-")[0]


def may_hold(language: str, letter: str) -> bool:
    """Tell whether a text in `language` may hold `letter`: ASCII and the signs of print always.

    A Latin text may hold any Latin letter (names and loan words keep theirs) but no other script: with 18,000
    characters to choose from, a smudge otherwise becomes an ideograph.
    """
    if letter == " " or ("!" <= letter <= "~") or letter in _PRINT_SIGNS:
        return True
    script = _script(letter)
    if is_latin(language):
        return script == "LATIN" and ("À" <= letter <= "ſ" or letter in _wide_letters(language))
    if any(_script(own) in _EAST_ASIAN for own in letters_of(language)):
        return True
    return script in {_script(own) for own in letters_of(language)}


@cache
def _wide_letters(language: str) -> frozenset[str]:
    """Letters of `language` in both cases."""
    letters = letters_of(language)
    return frozenset(letters + letters.upper())
