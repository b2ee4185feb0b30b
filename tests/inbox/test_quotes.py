"""What is left of a message is what its sender wrote: top posting, bottom posting, in between, in ten languages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preferences.inbox.html_to_text import html_to_text
from preferences.inbox.read_quotes import QUOTES_FILE, read_quotes
from preferences.inbox.strip_quotes import strip_quotes
from preferences.rules.read import RulesInvalid

WORDS = "Please unsubscribe me"

# The line above a quote, as mail programs write it.
WROTE = [
    "On Mon, Jan 3, 2022 at 12:00 PM Acme <news@acme.example.com> wrote:",
    "On Mon, Jan 3, 2022 at 12:00 PM Acme <news@acme.example.com>\nwrote:",
    "On 3 Jan 2022, at 12:00, Acme wrote:",
    "Acme <news@acme.example.com> wrote:",
    "man. 3. jan. 2022 kl. 12:00 skrev Acme <news@acme.example.com>:",
    "Den 03.01.2022 12:00, skrev Acme:",
    "3. jan. 2022 kl. 12:00 skrev Acme <news@acme.example.com>:",
    "Den mån 3 jan. 2022 kl 12:00 skrev Acme <news@acme.example.com>:",
    "Den 2022-01-03 kl. 12:00, skrev Acme:",
    "Den man. 3. jan. 2022 kl. 12.00 skrev Acme <\nnews@acme.example.com>:",
    "ma 3. tammik. 2022 klo 12.00 Acme (news@acme.example.com) kirjoitti:",
    "Acme kirjoitti 3.1.2022 klo 12.00:",
    "Op ma 3 jan. 2022 om 12:00 schreef Acme <news@acme.example.com>:",
    "Op 3 jan. 2022, om 12:00 heeft Acme <news@acme.example.com> het volgende\ngeschreven:",
    "Am Mo., 3. Jan. 2022 um 12:00 Uhr schrieb Acme <news@acme.example.com>:",
    "Am 03.01.2022 um 12:00 schrieb Acme:",
    "Le lun. 3 janv. 2022 à 12:00, Acme <news@acme.example.com> a écrit :",
    "Le 03/01/2022 à 12:00, Acme a écrit\u00a0:",
    "El lun, 3 ene 2022 a las 12:00, Acme (<news@acme.example.com>) escribió:",
    "El 3/1/22 a las 12:00, Acme escribió:",
    "pon., 3 sty 2022 o 12:00 Acme <news@acme.example.com> napisał(a):",
    "W dniu 03.01.2022 o 12:00, Acme pisze:",
    "2022. 01. 03. 12:00 keltezéssel, Acme <news@acme.example.com> írta:",
]

# What is copied from the headers above a quote that has no marks.
HEADERS = [
    ("From", "Sent", "To", "Subject"),
    ("Fra", "Sendt", "Til", "Emne"),
    ("Från", "Skickat", "Till", "Ämne"),
    ("Lähettäjä", "Lähetetty", "Vastaanottaja", "Aihe"),
    ("Van", "Verzonden", "Aan", "Onderwerp"),
    ("Von", "Gesendet", "An", "Betreff"),
    ("De", "Envoyé", "À", "Objet"),
    ("De", "Enviado el", "Para", "Asunto"),
    ("Od", "Wysłano", "Do", "Temat"),
]

MARKERS = [
    "-----Original Message-----",
    "---------- Forwarded message ---------",
    "Begin forwarded message:",
    "-----Opprinnelig melding-----",
    "Videresendt melding:",
    "-----Ursprungligt meddelande-----",
    "-----Oprindelig meddelelse-----",
    "-----Alkuperäinen viesti-----",
    "-----Oorspronkelijk bericht-----",
    "-----Ursprüngliche Nachricht-----",
    "Anfang der weitergeleiteten Nachricht:",
    "-----Message d'origine-----",
    "-----Mensaje original-----",
    "-----Wiadomość oryginalna-----",
    "________________________________",
    "-- ",
    "--",
]

PROGRAMS = [
    "Sent from my iPhone",
    "Get Outlook for Android",
    "Sendt fra min iPhone",
    "Skickat från min iPhone",
    "Lähetetty iPhonesta",
    "Verstuurd vanaf mijn iPhone",
    "Von meinem iPhone gesendet",
    "Gesendet von Mail für Windows",
    "Envoyé de mon iPhone",
    "Enviado desde mi iPhone",
    "Wysłane z iPhone'a",
]

DISCLAIMERS = [
    "This e-mail and any attachments are confidential and intended solely for the addressee.",
    "Denne e-posten er konfidensiell og kun ment for mottakeren.",
    "Detta meddelande är konfidentiellt.",
    "Denne mail er fortrolig.",
    "Tämä viesti on luottamuksellinen.",
    "Dit bericht is vertrouwelijk.",
    "Diese E-Mail enthält vertrauliche Informationen.",
    "Ce message est confidentiel.",
    "Este mensaje es confidencial.",
    "Ta wiadomość jest poufna.",
]


@pytest.mark.parametrize("line", WROTE)
@pytest.mark.parametrize("mark", ["> ", ""])
def test_quoted_below(line: str, mark: str) -> None:
    quote = "\n".join(f"{mark}{text}" for text in ("Summer offers!", "", "Click to subscribe"))
    assert strip_quotes(f"{WORDS}\n\n{line}\n{quote}\n") == WORDS


@pytest.mark.parametrize("line", WROTE)
def test_written_below(line: str) -> None:
    assert strip_quotes(f"{line}\n\n> Summer offers!\n> Subscribe\n\n{WORDS}") == WORDS


@pytest.mark.parametrize("labels", HEADERS, ids=lambda labels: labels[0])
@pytest.mark.parametrize("shape", ["{}: x", "*{}:* x", "{} : x"])
def test_copied_headers(labels: tuple[str, ...], shape: str) -> None:
    block = "\n".join(shape.format(label) for label in labels)
    assert strip_quotes(f"{WORDS}\n\n{block}\n\nSummer offers!") == WORDS


@pytest.mark.parametrize("labels", HEADERS, ids=lambda labels: labels[0])
def test_copied_headers_in_one_line(labels: tuple[str, ...]) -> None:
    block = " ".join(f"{label}: x" for label in labels)
    assert strip_quotes(f"{WORDS}\n\n{block}\n\nSummer offers!") == WORDS


@pytest.mark.parametrize("marker", [*MARKERS, *DISCLAIMERS])
def test_all_below_is_not_theirs(marker: str) -> None:
    assert strip_quotes(f"{WORDS}\n\n{marker}\n\nSummer offers!") == WORDS


@pytest.mark.parametrize("line", PROGRAMS)
def test_lines_of_the_mail_program(line: str) -> None:
    assert strip_quotes(f"{WORDS}\n\n{line}\n") == WORDS


def test_only_forwarded() -> None:
    assert strip_quotes("---------- Forwarded message ---------\nFrom: a\nTo: b\n\nunsubscribe") == ""


def test_in_between() -> None:
    assert strip_quotes("> one\n\nfirst\n\n> two\n>> three\n\nsecond") == "first\n\nsecond"


@pytest.mark.parametrize(
    "text",
    [
        "> If you no longer want these e-mails,\nunsubscribe\n> here.",
        "> If you no longer want to get our e-mails, then you may at any time\nunsubscribe\n",
    ],
)
def test_a_line_torn_off_a_quote(text: str) -> None:
    assert strip_quotes(text) == ""


@pytest.mark.parametrize(
    "text",
    [
        "To: whom it may concern",
        "I wrote:\nnothing",
        "De nada",
        "Hi - unsubscribe me - thanks",
        "Note: unsubscribe me",
    ],
)
def test_what_only_looks_like_a_mark(text: str) -> None:
    assert strip_quotes(text) == text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>Unsub&shy;scribe <b>me</b></p><p>now</p>", "Unsub\u00adscribe me\n\nnow"),
        ("a<br>b", "a\nb"),
        ("<style>p { x }</style><script>if (a < b) unsubscribe()</script><title>t</title>a", "a"),
        ('a<div style="color: red; DISPLAY : none">unsubscribe</div>b', "a\nb"),
        ("a<span hidden>unsubscribe</span>b", "ab"),
        ('<p style="display:none">x<p>y', "y"),
        ('<p>Nice</p><p style="color:#fff;font-size:1px">unsubscribe</p>', "Nice\n\n[unsubscribe]"),
        ("<style>.x{color:transparent}</style><p>Nice <i class=x>stop</i></p>", "Nice [stop]"),
        ('<p>Nice <font color="#FFFFFF">stop</font></p>', "Nice [stop]"),
        ('<div style="max-height:0;overflow:hidden">stop</div>', "[stop]"),
        ('<div style="opacity: 0">stop</div>', "[stop]"),
        ('<div style="opacity: 0.9; color: #fa0; font-size: 10pt">stop</div>', "stop"),
        ('<a href="mailto:kari@epost.example">kari@epost.example</a>', "kari@epost.example"),
        ('<a href="https://t.example/">here</a> <img src="https://t.example/x" alt="Unsubscribe">', "[here]"),
        ("a<blockquote>b<blockquote>c</blockquote></blockquote>d", "a\n\n> b\n\n>> c\n\nd"),
        ('a<div class="gmail_quote">On Monday wrote:<blockquote>b</blockquote></div>', None),
        ('a<div class="yahoo_quoted">b</div>', None),
        ('a<div id="divRplyFwdMsg">From</div><div>b</div>', None),
        ('a<div class="moz-cite-prefix">On Monday:</div><blockquote type="cite">b</blockquote>', None),
        ('a<div name="quote">b</div>', None),
        ('a<div class="gmail_signature">Kari</div>', None),
        ("a<!-- b --><!DOCTYPE html><?xml version='1'?>c", "ac"),
        ("1 < 2 & 3 &gt; 2", "1 < 2 & 3 > 2"),
        ("a</div></p>b", "a\n\nb"),
        ('<p title="a>b">c</p>', "c"),
        ("a<p", "a"),
    ],
)
def test_html(html: str, text: str | None) -> None:
    found = html_to_text(html)
    assert strip_quotes(found) == "a" if text is None else found == text


@given(st.text(alphabet="<>/!-\"'= abp&;\n"))
def test_any_html(html: str) -> None:
    html_to_text(html)


@given(st.lists(st.sampled_from([*WROTE, *MARKERS, *PROGRAMS, "> quoted", "", WORDS, "From: a", "To: b"])))
def test_any_lines(lines: list[str]) -> None:
    text = strip_quotes("\n".join(lines))
    assert "> quoted" not in text


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("xx,wrote,x", "'xx' is no language"),
        ("en,halt,x", "'halt' is no what"),
        ("en,wrote,", "the pattern is missing"),
    ],
)
def test_a_mistake_in_the_file_is_named(line: str, problem: str) -> None:
    with pytest.raises(RulesInvalid, match=problem):
        read_quotes(QUOTES_FILE.read_bytes() + f"{line}\n".encode())
