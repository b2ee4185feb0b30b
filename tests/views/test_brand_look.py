"""Whatever colour a brand has, what is written in it can be read."""

import re
from pathlib import Path

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from preferences import colours as look
from preferences.colours import contrast, ink_on
from preferences.models import Brand

AA = 4.5
some_colours = st.tuples(*[st.integers(0, 255)] * 3)


@given(colour=some_colours)
@pytest.mark.parametrize("ground", [look._PAPER, (255, 255, 255), look._NIGHT, (16, 19, 24)])
def test_brand_colour_is_legible_on_every_ground(colour: look.Colour, ground: look.Colour) -> None:
    paper = look._PAPER if sum(ground) > 380 else look._NIGHT
    moved = look._legible(colour, paper=paper)
    assert contrast(moved, ground) >= AA
    assert contrast(look._ink(moved), moved) >= AA


def test_grounds_are_those_of_the_stylesheet() -> None:
    css = Path(look.__file__).parent.joinpath("static/preferences/site.css").read_text()
    light, dark = css.split("@media (prefers-color-scheme: dark)")[:2]
    assert _token(light, "paper") == look._hex(look._PAPER)
    assert _token(dark, "surface") == look._hex(look._NIGHT)
    assert _token(dark, "paper") == "#101318"


@pytest.mark.parametrize(("colour", "ink"), [("#ffd400", "#000000"), ("#1f4b99", "#ffffff")])
def test_ink_is_the_more_legible(colour: str, ink: str) -> None:
    assert ink_on(colour) == ink


def test_stylesheet_of_a_brand(client: Client, acme: Brand) -> None:
    answer = client.get(f"/look/acme-{acme.colour[1:]}.css")
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/css")
    assert "immutable" in answer["Cache-Control"]
    assert answer.content.decode().count("--brand:") == 2


@pytest.mark.parametrize("name", ["acme-000000", "nobody-1f4b99", "acme-red"])
def test_other_colours_and_brands_are_not_found(client: Client, acme: Brand, name: str) -> None:
    assert client.get(f"/look/{name}.css").status_code == 404


def _token(css: str, name: str) -> str:
    found = re.search(rf"--{name}: (#[0-9a-f]+);", css)
    assert found
    return found[1]
