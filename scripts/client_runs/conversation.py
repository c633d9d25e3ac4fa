"""Ten turns with tools, as the model's half of them and the user's."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """What the model generates for one request.

    Attributes:
        text: its message.
        cities: those it asks the weather of, by one call each.
        reasoning: its reasoning.
    """

    text: str = ""
    cities: tuple[str, ...] = ()
    reasoning: str = ""

    @property
    def results(self) -> tuple[str, ...]:
        """What the client's function returns for `cities`."""
        return tuple(f"{city}: {-len(city)} degrees" for city in self.cities)


@dataclass(frozen=True)
class Turn:
    """A question of the user, and what the model does until it answers."""

    question: str
    steps: tuple[Step, ...]

    @property
    def reply(self) -> str:
        return self.steps[-1].text


def _call(*cities: str, text: str = "") -> Step:
    return Step(text, cities, f"I look up {' and '.join(cities)}.")


TURNS = (
    Turn(
        "How cold is it in Oslo, and is it colder in Lima?",
        (
            _call("Oslo"),
            _call("Lima", text="Oslo I have, now Lima."),
            Step("Oslo -4, Lima -4.", reasoning="Both have four letters."),
        ),
    ),
    Turn(
        "And in Pune and Bern?",
        (
            _call("Pune", "Bern"),
            Step("The same again.", reasoning="Four letters, twice."),
        ),
    ),
    Turn(
        "Which cities did you look up?",
        (Step("Oslo, Lima, Pune and Bern.", reasoning="I remember all four."),),
    ),
    Turn(
        "Now Reykjavik, please.",
        (
            _call("Reykjavik", text="A moment."),
            Step("Reykjavik has -9."),
        ),
    ),
    Turn(
        "Kyiv and Doha, and then Riga.",
        (
            _call("Kyiv", "Doha"),
            _call("Riga"),
            Step("All of them -4.", reasoning="Three more with four letters."),
        ),
    ),
    Turn(
        "Where was it coldest so far?",
        (Step("In Reykjavik.", reasoning="-9 is the least."),),
    ),
    Turn(
        "Three at once: Suva, Malé and 東京.",
        (
            _call("Suva", "Malé", "東京", text="All three."),
            Step("-4, -4 and -2.", reasoning="東京 is short."),
        ),
    ),
    Turn(
        "Vaduz, then Vientiane, then Victoria.",
        (
            _call("Vaduz"),
            _call("Vientiane"),
            _call("Victoria", text="The last one."),
            Step("-5, -9 and -8.", reasoning="One after the other."),
        ),
    ),
    Turn(
        "Thank you.",
        (Step("You are welcome."),),
    ),
    Turn(
        "Sum up all that you found.",
        (Step("Reykjavik and Vientiane, -9.", reasoning="Fourteen results in all."),),
    ),
)
