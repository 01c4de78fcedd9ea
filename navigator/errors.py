"""What can go wrong between a prompt and its answer, as a branch of the tree in `catalog.errors`.

InvalidInput
└── BadPrompt            a prompt that would make the model read garbage, caught before it does
    ├── WrongItemCount   placeholders and vectors do not pair up
    ├── WrongDimension   a vector of another length than the projector was trained on
    ├── NotFinite        NaN or infinity in a vector
    ├── ReservedToken    text that would become a placeholder or a turn marker
    └── PromptTooLong    no room left in the model's context
VersionMismatch          vectors of one encoder version, a Navigator trained on another
└── WrongEncoder
WindowshopError
├── BadCheckpoint        a folder that is not what the loader or the surgery expects
└── EngineFailed         the engine died or lost a request; the turn can be asked again
"""

from catalog.errors import InvalidInput, VersionMismatch, WindowshopError


class BadPrompt(InvalidInput):
    """A prompt that would make the model read garbage."""

    code = "bad_prompt"


class WrongItemCount(BadPrompt):
    """The prompt has more or fewer placeholders than there are vectors for them."""

    code = "wrong_item_count"


class WrongDimension(BadPrompt):
    """A vector of another length, or another number of vectors per item, than the projector was trained on."""

    code = "wrong_dimension"


class NotFinite(BadPrompt):
    """NaN or infinity in a vector."""

    code = "not_finite"


class ReservedToken(BadPrompt):
    """Text that would become a placeholder or a turn marker."""

    code = "reserved_token"


class PromptTooLong(BadPrompt):
    """The prompt leaves no room for an answer in the model's context."""

    code = "prompt_too_long"


class WrongEncoder(VersionMismatch):
    """Vectors of one encoder version were about to meet a Navigator trained on another."""

    code = "wrong_encoder"


class BadCheckpoint(WindowshopError):
    """A folder that is not what the loader or the surgery expects; the message names the file and the field."""

    code = "bad_checkpoint"


class EngineFailed(WindowshopError):
    """The engine died or lost a request."""

    code = "engine_failed"
