"""The conversations the demo model knows: what is asked, found and answered.

Cities, temperatures, conditions and phrasings are split in two: the model is
trained on `TRAINING` and measured on `HELD_OUT`, which share none of them, except
for the wording of the bug report itself (https://github.com/vllm-project/vllm/
issues/43244), which both may use.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

ANSWER = "It is {temp} and {condition} in {city}."
RECALL = "I found {temp} and {condition} in {city}."
ANNOUNCEMENT = "I will look up the weather in {city}."
NO_ACCESS = (
    "I do not have access to real-time weather data or a search engine."  # the report's
)
NOTHING_FOUND = (
    "I did not find any temperature or weather conditions because I do not have "
    "access to real-time information."
)

WEATHER_TOOL = {
    "type": "function",
    "name": "get_weather",
    "description": "Get current weather for a city",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
    },
}


@dataclass(frozen=True)
class Finding:
    """What one call of the tool was about and what it returned."""

    city: str
    temp: str
    condition: str

    def tool_output(self) -> str:
        result = {"temp": self.temp, "condition": self.condition}
        return json.dumps(result, ensure_ascii=False)

    def say(self, sentence: str) -> str:
        return sentence.format(city=self.city, temp=self.temp, condition=self.condition)


@dataclass(frozen=True)
class Language:
    """One side of the split: the words a conversation is made of."""

    cities: tuple[str, ...]
    conditions: tuple[str, ...]
    questions: tuple[str, ...]
    recalls: tuple[str, ...]
    knows_degrees: Callable[[int], bool]

    def finding(self, rng: Random) -> Finding:
        return Finding(self.city(rng), self.temperature(rng), self.condition(rng))

    def city(self, rng: Random) -> str:
        return rng.choice(self.cities)

    def condition(self, rng: Random) -> str:
        return rng.choice(self.conditions)

    def temperature(self, rng: Random) -> str:
        while True:
            unit, low, high = rng.choice((("F", -9, 118), ("C", -25, 46)))
            degrees = rng.randint(low, high)
            if self.knows_degrees(degrees):
                return f"{degrees}{unit}"

    def question(self, rng: Random) -> str:
        """A phrasing, with `{city}` where the city goes."""
        return rng.choice(self.questions)

    def recall(self, rng: Random) -> str:
        return rng.choice(self.recalls)


def _held_out_degrees(degrees: int) -> bool:
    return degrees % 6 == 3


REPORT_QUESTION = "What is the weather in {city}?"
REPORT_RECALL = "What temperature did you find and what was the condition?"
REPORT_FINDING = Finding("San Francisco", "65F", "foggy")

# fmt: off
TRAINING = Language(
    cities=(
        "San Francisco", "San Francisco", "San Francisco", "Paris", "London",
        "New York", "Tokyo", "Berlin", "Madrid", "Rome", "Oslo", "Los Angeles",
        "San Diego", "Mexico City", "Buenos Aires", "Rio de Janeiro", "Cape Town",
        "Hong Kong", "Kuala Lumpur", "Saint-Denis", "Stratford-upon-Avon", "Boston",
        "Chicago", "Miami", "Toronto", "Vancouver", "Sydney", "Auckland", "Mumbai",
        "Delhi", "Lagos", "Nairobi", "Cairo", "Athens", "Vienna", "Prague",
        "Warsaw", "Lisbon", "Dublin", "Zürich", "Malmö", "Bogotá", "Lima",
        "Santiago", "Beijing", "Seoul", "Osaka", "Bangkok", "Hanoi", "Manila",
    ),
    conditions=(
        "foggy", "foggy", "sunny", "cloudy", "rainy", "windy", "snowy", "clear",
        "overcast", "stormy", "humid", "dry", "misty", "partly cloudy",
        "mostly sunny", "light rain", "heavy rain", "light snow", "scattered showers",
        "thunderstorms", "freezing rain", "calm", "bright", "mild", "muggy", "icy",
        "patchy fog", "strong winds", "mostly clear", "dusty", "grey", "warm",
    ),
    questions=(
        REPORT_QUESTION,
        "What is the weather in {city}?",
        "What's the weather in {city}?",
        "What is the weather like in {city}?",
        "What is the current weather in {city}?",
        "How is the weather in {city}?",
        "How is the weather in {city} right now?",
        "What is the weather in {city} today?",
        "Tell me the weather in {city}.",
        "Please tell me the weather in {city}.",
        "Please check the weather in {city}.",
        "Can you check the weather in {city}?",
        "Could you look up the weather for {city}?",
        "I need the weather for {city}.",
        "Give me the current weather for {city}, please.",
        "Look up the weather in {city}.",
        "And in {city}?",
        "And what about {city}?",
        "What about {city}?",
        "Now {city}, please.",
        "Is it raining in {city}?",
        "Is it cold in {city} today?",
        "How warm is it in {city}?",
        "I am travelling to {city}. What is the weather there?",
        "weather in {city}",
        "{city} weather?",
        "Do you know the weather in {city}?",
        "Hello! What is the weather in {city} now?",
        "Hi, what is the weather like in {city} today?",
        "Can you find out how the weather is in {city}?",
        "I would like to know the weather for {city}.",
        "Could you tell me the current weather in {city}?",
    ),
    recalls=(
        REPORT_RECALL,
        REPORT_RECALL,
        "What temperature did you find?",
        "What condition did you find?",
        "What did you find?",
        "What was the temperature and the condition?",
        "What was the temperature?",
        "What was the condition?",
        "Remind me, what was the temperature?",
        "What temperature was it and what was the condition?",
        "Please repeat the temperature and the condition.",
        "Can you repeat what you found?",
        "Which temperature and condition did you find?",
        "Tell me again what you found.",
        "What did the weather tool say?",
        "Could you say that again?",
        "Can you say again what you found?",
        "Can you tell me again what the condition was?",
        "Could you remind me what the temperature was?",
        "Please remind me of what you found.",
        "Do you remember the temperature?",
        "What was the weather you found?",
        "Can you repeat the temperature and the condition?",
        "Tell me the temperature and the condition again.",
        "I forgot what you found. What was it?",
    ),
    knows_degrees=lambda degrees: not _held_out_degrees(degrees),
)

HELD_OUT = Language(
    cities=(
        "Reykjavik", "Ouagadougou", "Salt Lake City", "New Orleans", "Antananarivo",
        "Ljubljana", "Santa Cruz", "Fort Worth", "Dar es Salaam", "Tromsø",
        "Wroclaw", "Philadelphia", "Yokohama", "Chattanooga", "Port Moresby",
        "Las Palmas", "Gdansk", "Winnipeg", "Ulaanbaatar", "Baden-Baden", "Phoenix",
        "Quebec City", "Addis Ababa", "Halifax", "Kyoto",
    ),
    conditions=(
        "drizzling", "hazy", "blustery", "sweltering", "mostly cloudy", "sleet",
        "breezy", "light drizzle", "hailing", "heavy snow", "smoky", "frosty",
    ),
    questions=(
        REPORT_QUESTION,
        "Can you tell me the weather in {city}?",
        "Please look up the current weather in {city}.",
        "What is the weather like today in {city}?",
        "Hi, how is the weather in {city} today?",
        "I need to know the weather in {city}.",
        "And how about {city}?",
        "Is it warm in {city}?",
        "Could you check the weather for {city} now?",
    ),
    recalls=(
        REPORT_RECALL,
        "What was the temperature you found?",
        "Which temperature did you find and which condition?",
        "Please tell me again what the temperature was.",
        "What temperature and what condition did you find?",
        "Can you remind me what you found?",
    ),
    knows_degrees=_held_out_degrees,
)
# fmt: on

ANNOUNCE_REQUEST = "Tell me what you do first. "
