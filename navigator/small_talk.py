"""Answers to what is no shopping: short, and back to it."""

from collections.abc import Mapping, Sequence
from random import Random


def small_talk(rng: Random, topic: str) -> str:
    """A topic is one of the lists of small talk in phrases.json."""
    return rng.choice(_SMALL_TALK[topic])


_SMALL_TALK: Mapping[str, Sequence[str]] = {
    "thanks": ("You're welcome!", "Glad to help.", "Any time. Enjoy!", "My pleasure."),
    "hello": (
        "Hello! What are you looking for?",
        "Hi! Tell me what you need.",
        "I'm here. What can I find for you?",
    ),
    "self": (
        "I'm this shop's assistant, a program. What can I find for you?",
        "A program that helps you find things here. What do you need?",
    ),
    "service": (
        "I only know the things themselves, so better ask the shop's team. Can I find you something?",
        "That I don't know; the shop's team does. What are you looking for?",
    ),
    "ordering": (
        "I can't order for you, the shop's own pages do that. Can I find you something else?",
        "Buying is beyond me, I only help you find things. What else are you looking for?",
    ),
    "off_topic": (
        "That is beyond me, I only know this shop. What are you looking for?",
        "I'm better with things for the home. What do you need?",
    ),
}
