"""One spelling for each address and number, and masks that give nothing away."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preferences.enums import ContactKind
from preferences.identity import (
    AddressInvalid,
    DomainInvalid,
    address_hash,
    keyed_hash,
    mask_address,
    normalize_address,
    normalize_domain,
)

EMAIL, PHONE, POSTAL = ContactKind.EMAIL, ContactKind.PHONE, ContactKind.POSTAL

ONE_SPELLING = [
    (EMAIL, "kari@example.com", "kari@example.com"),
    (EMAIL, "KARI@Example.COM", "kari@example.com"),
    (EMAIL, " \tkari@example.com \n", "kari@example.com"),
    (EMAIL, "\u00a0kari@example.com\u3000", "kari@example.com"),
    (EMAIL, "ｋａｒｉ＠ｅｘａｍｐｌｅ．ｃｏｍ", "kari@example.com"),
    (EMAIL, "kari@bl\u00e5b\u00e6r.no", "kari@xn--blbr-roah.no"),
    (EMAIL, "kari@bla\u030ab\u00e6r.no", "kari@xn--blbr-roah.no"),
    (EMAIL, "kari@BL\u00c5B\u00c6R.NO", "kari@xn--blbr-roah.no"),
    (EMAIL, "kari@xn--blbr-roah.no", "kari@xn--blbr-roah.no"),
    (EMAIL, "kari@XN--BLBR-ROAH.NO", "kari@xn--blbr-roah.no"),
    (EMAIL, "kari@bl\u00e5b\u00e6r\u3002no", "kari@xn--blbr-roah.no"),
    (EMAIL, "kari@stra\u00dfe.de", "kari@xn--strae-oqa.de"),
    (EMAIL, "kari@STRA\u00dfE.DE", "kari@xn--strae-oqa.de"),
    (EMAIL, "kari@stra\u00dfe\uff0ede", "kari@xn--strae-oqa.de"),
    (EMAIL, "kari@\uff53\uff54\uff52\uff41\u00df\uff45.de", "kari@xn--strae-oqa.de"),
    (EMAIL, "kari@strasse.de", "kari@strasse.de"),
    (EMAIL, "kari@\u03b2\u03cc\u03bb\u03bf\u03c2.com", "kari@xn--nxasmm1c.com"),
    (EMAIL, "kari@\u03b2\u03bf\u0301\u03bb\u03bf\u03c2.com", "kari@xn--nxasmm1c.com"),
    (EMAIL, "kari@\u03b2\u03cc\u03bb\u03bf\u03c3.com", "kari@xn--nxasmq6b.com"),
    # A browser makes the small sigma of the middle of a word of the capital one, wherever it stands.
    (EMAIL, "kari@\u0392\u038c\u039b\u039f\u03a3.com", "kari@xn--nxasmq6b.com"),
    (EMAIL, "kari+news@example.com", "kari+news@example.com"),
    (EMAIL, "o'brien_x-y.z@sub.example.co.uk", "o'brien_x-y.z@sub.example.co.uk"),
    (EMAIL, "kari@exam\u00adple.com", "kari@example.com"),
    (PHONE, "+47 400 00 000", "+4740000000"),
    (PHONE, "0047 400-00-000", "+4740000000"),
    (PHONE, "+47 (400) 00.000", "+4740000000"),
    (PHONE, "+47\u00a0400/00/000", "+4740000000"),
    (PHONE, "＋４７４０００００００", "+4740000000"),
    (POSTAL, " Storgata 1,\n 0155  OSLO ", "storgata 1, 0155 oslo"),
    (POSTAL, "STRASSE 1", "strasse 1"),
    (POSTAL, "Stra\u00dfe 1", "strasse 1"),
]
NONE = [
    (EMAIL, ""),
    (EMAIL, "   "),
    (EMAIL, "kari"),
    (EMAIL, "kari@"),
    (EMAIL, "@example.com"),
    (EMAIL, "kari@example"),
    (EMAIL, "kari@@example.com"),
    (EMAIL, "kari@example..com"),
    (EMAIL, "kari@-example.com"),
    (EMAIL, ".kari@example.com"),
    (EMAIL, "ka ri@example.com"),
    (EMAIL, "kari@exa mple.com"),
    (EMAIL, "Kari <kari@example.com>"),
    (EMAIL, "kari@example.com, ola@example.com"),
    (EMAIL, "kari@example.com\nbcc: ola@example.com"),
    (EMAIL, "kari@example.com\rbcc: ola@example.com"),
    (EMAIL, "kari\x00@example.com"),
    (EMAIL, "\x00kari@example.com"),
    (EMAIL, '"ka\x01ri"@example.com'),
    (EMAIL, '"ka\x7fri"@example.com'),
    (EMAIL, "kari@example.com\x00"),
    (EMAIL, "kari@example.com\u2028x"),
    (EMAIL, "kari@example.com\u0085x"),
    (EMAIL, f"kari@{'ø' * 64}.no"),
    (EMAIL, f"kari@{'a' * 64}.no"),
    (EMAIL, "a" * 400 + "@example.com"),
    (EMAIL, "kari@\ud800.no"),
    (EMAIL, "\ud800@example.no"),
    (PHONE, ""),
    (PHONE, "400 00 000"),
    (PHONE, "+0 400 00 000"),
    (PHONE, "+47 400"),
    (PHONE, "+" + "4" * 16),
    (PHONE, "+47 400 00 00x"),
    (PHONE, "+47 400 00 000\n+47 400 00 001"),
    (PHONE, "+47\x00400 00 000"),
    (POSTAL, ""),
    (POSTAL, " \n "),
    (PHONE, "+47 400 00 000" + " " * 320 + "1"),
    (POSTAL, "Storgata\x00 1"),
    (POSTAL, "Storgata \ud800"),
    (POSTAL, "Storgata 1 " * 40),
    (POSTAL, "\u00df" * 200),
]


@pytest.mark.parametrize(("kind", "value", "spelling"), ONE_SPELLING)
def test_one_spelling(kind, value, spelling):
    assert normalize_address(kind=kind, value=value) == spelling


@pytest.mark.parametrize(("kind", "value", "spelling"), ONE_SPELLING)
def test_the_spelling_of_a_spelling_is_itself(kind, value, spelling):
    assert normalize_address(kind=kind, value=spelling) == spelling


@pytest.mark.parametrize(("kind", "value"), NONE)
def test_what_is_no_address(kind, value):
    with pytest.raises(AddressInvalid) as caught:
        normalize_address(kind=kind, value=value)
    assert caught.value.code == f"{kind.value}_invalid"
    assert not value.strip() or value.strip() not in str(caught.value), "the message repeats no address"


@given(st.text(max_size=60), st.sampled_from(ContactKind))
def test_any_text_is_an_address_or_refused(text, kind):
    try:
        spelling = normalize_address(kind=kind, value=text)
    except AddressInvalid:
        return
    assert normalize_address(kind=kind, value=spelling) == spelling
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert normalize_address(kind=kind, value=unicodedata.normalize(form, text)) == spelling


letters = st.characters(categories=["Ll"], max_codepoint=0x24F)


@given(st.text(letters, min_size=1, max_size=20))
def test_domain_beyond_ascii_has_one_spelling_in_every_form_and_case(name):
    address = f"kari@{name}.example"
    try:
        spelling = normalize_address(kind=EMAIL, value=address)
    except AddressInvalid:
        return
    assert spelling.isascii()
    for form in ("NFC", "NFD"):
        assert normalize_address(kind=EMAIL, value=unicodedata.normalize(form, address)) == spelling


DOMAINS = [
    ("example.com", "example.com"),
    (" Example.COM ", "example.com"),
    ("@example.com", "example.com"),
    ("bl\u00e5b\u00e6r.no", "xn--blbr-roah.no"),
    ("BLA\u030aB\u00c6R.no", "xn--blbr-roah.no"),
    ("mail.example.co.uk", "mail.example.co.uk"),
]


@pytest.mark.parametrize(("value", "spelling"), DOMAINS)
def test_one_spelling_of_a_domain_and_it_is_that_of_addresses_there(value, spelling):
    assert normalize_domain(value) == spelling
    assert normalize_domain(spelling) == spelling
    address = f"kari@{value.strip().removeprefix('@')}"
    assert normalize_address(kind=EMAIL, value=address) == f"kari@{spelling}"


@pytest.mark.parametrize(
    "value",
    [
        "",
        " ",
        "@",
        "example",
        ".com",
        "example..com",
        "kari@example.com",
        "example.com.",
        "-a.com",
        "a b.com",
    ],
)
def test_what_is_no_domain(value):
    with pytest.raises(DomainInvalid) as caught:
        normalize_domain(value)
    assert caught.value.code == "domain_invalid"


@pytest.mark.parametrize("value", ["exa\x00mple.com", "example.com\nb.com", "\ud800.com", "a" * 64 + ".com"])
def test_what_can_be_no_domain_whatever_is_in_it(value):
    with pytest.raises(DomainInvalid):
        normalize_domain(value)


def test_hash_of_an_address_tells_kinds_and_keys_apart(settings):
    one = address_hash(kind=EMAIL, normalized="+4740000000")
    assert len(one) == 32
    assert one == address_hash(kind=EMAIL, normalized="+4740000000")
    others = [address_hash(kind=PHONE, normalized="+4740000000")]
    settings.SECRET_KEY = "another" * 10
    assert address_hash(kind=EMAIL, normalized="+4740000000") == one, "another secret key changes nothing"
    settings.ADDRESS_KEY = "another" * 10
    others.append(address_hash(kind=EMAIL, normalized="+4740000000"))
    assert len({one, *others}) == 3


@pytest.mark.parametrize(
    ("kind", "value", "masked"),
    [
        (EMAIL, "kari@example.com", "k•••@e•••.com"),
        (EMAIL, "k@e.no", "k•••@e•••.no"),
        (EMAIL, "kari@mail.example.co.uk", "k•••@m•••.uk"),
        (PHONE, "+4740000012", "+47 ••• 12"),
        (POSTAL, "Storgata 1, 0155 Oslo", "S•••"),
    ],
)
def test_mask(kind, value, masked):
    assert mask_address(kind=kind, value=value) == masked


@given(st.emails())
def test_mask_shows_one_letter_of_the_name_and_hides_its_length(address):
    name, _at, rest = mask_address(kind=EMAIL, value=address).rpartition("@")
    assert name == f"{address[0]}•••"
    assert rest[1:4] == "•••"


def test_keyed_hash_tells_values_purposes_and_keys_apart(settings):
    one = keyed_hash(purpose="mailbox", value="kari@example.com")
    assert len(one) == 64
    assert one == keyed_hash(purpose="mailbox", value="kari@example.com")
    others = [
        keyed_hash(purpose="client", value="kari@example.com"),
        keyed_hash(purpose="mailbox", value="ola@example.com"),
    ]
    settings.SECRET_KEY = "another" * 10
    others.append(keyed_hash(purpose="mailbox", value="kari@example.com"))
    assert len({one, *others}) == 4
