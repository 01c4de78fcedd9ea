"""A key, a password or what people said is in no log line, error or answer, whatever goes wrong."""

import logging
import traceback

import pytest
import sqlalchemy as sa
from pydantic import ValidationError

from serve_app.app import AppArgs
from serve_app.conversations import ConversationStore
from serve_app.key_ring import KeyRing
from serve_app.keys import KeyStore
from taste.database import StoreUnavailable, open_database
from tests.serve_app.whole_shop import caller

PASSWORD = "hunter2-s3cret"
CLOSED = f"postgresql://shop:{PASSWORD}@127.0.0.1:9/shop"


def told(error):
    """Everything that a log could show of an error, its causes included."""
    return "".join(traceback.format_exception(error))


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql//shop:{PASSWORD}@db/shop",
        f"postgresql://shop:{PASSWORD}@db:{PASSWORD}/shop",
        f"mysql://shop:{PASSWORD}@db/shop",
        PASSWORD,
    ],
)
def test_a_mistyped_database_keeps_its_password(url):
    """The error says what would do, and does not repeat what it was given."""
    with pytest.raises(ValueError, match="postgresql://") as error:
        open_database(url)
    assert PASSWORD not in told(error.value)


async def test_a_database_that_refuses_keeps_its_password(caplog):
    """Neither stores nor a request nor the logs at their most talkative tell it, and no key either."""
    caplog.set_level(logging.DEBUG)
    keys = KeyStore(CLOSED)
    with pytest.raises(StoreUnavailable) as error:
        keys.list()
    assert PASSWORD not in told(error.value)
    with pytest.raises(StoreUnavailable) as error:
        await ConversationStore(CLOSED).of_person("ana", 5)
    assert PASSWORD not in told(error.value)
    assert PASSWORD not in caplog.text


async def test_requests_log_no_key(shop_api, caplog):
    """Keys that open and keys that do not are in no log line and no answer, whatever a request ends in."""
    caplog.set_level(logging.DEBUG)
    application, key = shop_api
    wrong = key[:-8] + "AAAAAAAA"
    for sent in (key, wrong):
        async with caller(application, sent) as http:
            for method, path in (
                ("GET", "/v1/facets"),
                ("GET", "/v1/items/nope"),
                ("POST", "/v1/search"),
                ("GET", "/x"),
            ):
                answer = await http.request(method, path)
                assert sent not in answer.text and sent[21:-8] not in answer.text + str(answer.headers)
    assert key[21:-8] not in caplog.text


@pytest.fixture
def shop_api(handles, tmp_path):
    """Search and items behind keys."""
    from serve_app.api import ApiSettings, create_api
    from serve_app.pictures import PictureReader
    from serve_app.shop import Shop

    keys = KeyStore(f"sqlite:///{tmp_path}/events.db")
    shop = Shop(*handles, PictureReader())
    return create_api(shop, ApiSettings(), keys=KeyRing(keys)), keys.create("x", ["search"], ["*"])[1]


def test_sql_errors_hold_no_parameters(tmp_path):
    """What people said and did is a parameter of some statement; a statement that fails is logged without."""
    engine = open_database(f"sqlite:///{tmp_path}/events.db")
    with pytest.raises(sa.exc.DBAPIError) as error, engine.connect() as connection:
        connection.execute(sa.text("INSERT INTO nowhere VALUES (:what)"), {"what": PASSWORD})
    assert "nowhere" in str(error.value)
    assert PASSWORD not in told(error.value)


def test_settings_are_printed_without_the_password():
    """Serve's controller and a failed validation may print an application's args."""
    args = AppArgs(release="r", database=CLOSED)
    assert PASSWORD not in repr(args) + str(args)
    with pytest.raises(ValidationError) as error:
        AppArgs.model_validate({"release": "r", "database": CLOSED, "typo": 1})
    assert PASSWORD not in told(error.value)
