"""A long conversation with tools, as the model's half of it."""

from collections.abc import Iterator

from harness.answers import chat_answer
from harness.scripted_engine import Answer

CITIES = ("Oslo", "Lima", "Pune", "Bern", "Kyiv", "Doha", "Riga", "Suva")


def weather_answers() -> Iterator[Answer]:
    """Ten answers: eight with calls, every second of them two at once, and texts."""
    for number, city in enumerate(CITIES):
        calls = [("get_weather", {"city": city})]
        if number % 2:
            calls.append(("get_weather", {"city": f"North {city}"}))
        text = f"Looking up {city}." if number % 3 else ""
        yield chat_answer(text, *calls, reasoning=f"I need {city}.")
    yield chat_answer("All are cold.", reasoning="All below zero.")
    yield chat_answer("Oslo is the coldest.")
