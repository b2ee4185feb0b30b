"""Whatever colour a brand has, what is written in it can be read."""

import re
from pathlib import Path

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from preferences.models import Brand
from preferences.views import brand_look
from preferences.views.brand_look import contrast, ink_on

AA = 4.5
colours = st.tuples(*[st.integers(0, 255)] * 3)


@given(colour=colours)
@pytest.mark.parametrize("ground", [brand_look._PAPER, (255, 255, 255), brand_look._NIGHT, (16, 19, 24)])
def test_brand_colour_is_legible_on_every_ground(
    colour: brand_look.Colour, ground: brand_look.Colour
) -> None:
    paper = brand_look._PAPER if sum(ground) > 380 else brand_look._NIGHT
    moved = brand_look._legible(colour, paper=paper)
    assert contrast(moved, ground) >= AA
    assert contrast(brand_look._ink(moved), moved) >= AA


def test_grounds_are_those_of_the_stylesheet() -> None:
    css = Path(brand_look.__file__).parents[1].joinpath("static/preferences/site.css").read_text()
    light, dark = css.split("@media (prefers-color-scheme: dark)")[:2]
    assert _token(light, "paper") == brand_look._hex(brand_look._PAPER)
    assert _token(dark, "surface") == brand_look._hex(brand_look._NIGHT)
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
