"""How a request names a person: by exactly one of id, external id, e-mail address or phone number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from preferences.api.fields import Body, Id, Line, optional
from preferences.api.problems import Fault, Problem
from preferences.decisions.situation import PersonRef
from preferences.enums import ContactKind
from preferences.identity import LONGEST_ADDRESS, AddressInvalid, normalize_address

_KINDS = {"email": ContactKind.EMAIL, "phone": ContactKind.PHONE}


class Person(Body):
    """A person, named by exactly one of these."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"minProperties": 1, "maxProperties": 1})

    recipient: Id = optional("The id of the recipient here.")
    external_id: Annotated[Line, Field(min_length=1, max_length=80)] = optional(
        "The person's id in the customer system."
    )
    email: Annotated[str, Field(min_length=3, max_length=LONGEST_ADDRESS)] = optional(
        "An e-mail address, however it is spelled."
    )
    phone: Annotated[str, Field(min_length=3, max_length=LONGEST_ADDRESS)] = optional(
        "A phone number with its country code (E.164)."
    )

    @model_validator(mode="after")
    def _one(self) -> Self:
        if len(self.model_fields_set) != 1:
            raise PydanticCustomError("not_one", "A person is named by exactly one field.")
        return self

    def ref(self) -> PersonRef:
        """The name as decisions take it. Raises AddressInvalid."""
        (name,) = self.model_fields_set
        value = getattr(self, name)
        if name in _KINDS:
            kind = _KINDS[name]
            return PersonRef(kind=kind, address=normalize_address(kind=kind, value=value))
        return PersonRef(**{name: value})


def ref_of(person: Person, *, location: str = "body.person") -> PersonRef:
    """The name of one person. Raises Problem `address_invalid`."""
    try:
        return person.ref()
    except AddressInvalid as error:
        raise Problem(
            "address_invalid", detail=str(error), faults=[not_an_address(error, location)]
        ) from error


def refs_of(people: Sequence[Person], *, location: str = "body.people") -> list[PersonRef]:
    """The names of many, in order. Raises Problem `address_invalid`, which names the first that are no addresses."""
    refs: list[PersonRef] = []
    faults: list[Fault] = []
    for position, person in enumerate(people):
        try:
            refs.append(person.ref())
        except AddressInvalid as error:
            faults.append(not_an_address(error, f"{location}.{position}"))
    if faults:
        raise Problem("address_invalid", faults=faults[:100])
    return refs


def not_an_address(error: AddressInvalid, location: str) -> Fault:
    """What to say of a text that is no address; it is not quoted."""
    return Fault(location=location, code=error.code, message=str(error))
