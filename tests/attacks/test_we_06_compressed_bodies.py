"""WE-06: bodies that grow when they are read."""

from __future__ import annotations

import gzip
import itertools
import resource
import zlib
from functools import partial

from tests.attacks.refusals import refused
from tests.support.world import World

FORM = "application/x-www-form-urlencoded"
BOMB = gzip.compress(b"grant_type=" + b"a" * 50_000_000)
ENCODINGS = ("gzip", "GZIP", "x-gzip", "deflate", "br", "zstd", "compress", "identity, gzip", "gzip, identity")


PATHS = ("/token", "/authorize", "/userinfo", "/upstream/entra/callback", "/sign-in/x", "/sign-out")


def test_we_06_a_compressed_body_is_refused_unread_at_every_endpoint(world: World) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    bodies = (BOMB, zlib.compress(b"code=x"), b"code=x")
    for (path, encoding), body in zip(itertools.product(PATHS, ENCODINGS), itertools.cycle(bodies), strict=False):
        attack = partial(
            world.browser().post,
            world.broker_url + path,
            data=body,
            headers={"Content-Encoding": encoding, "Content-Type": FORM},
            allow_redirects=False,
            timeout=30,
        )
        reason = "unsupported_media_type"
        refused(world, attack, status=415, page="bad_request", reason=reason, event="web_rejected")
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 40_000  # KiB, where the bomb alone has 50,000.


def test_we_06_a_body_that_says_it_is_not_compressed_is_read(world: World) -> None:
    for encoding in ("identity", "IDENTITY"):
        answer = world.browser().post(
            world.broker_url + "/token",
            data=b"grant_type=x",
            headers={"Content-Encoding": encoding, "Content-Type": FORM},
            timeout=30,
        )
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_we_06_an_upstream_answer_that_grows_is_given_up(world: World) -> None:
    bomb = {"endpoint": "me", "count": 5, "body_bytes": 5_000_000, "content_type": "application/json"}
    world.control.post("faults", bomb)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    answer = world.come_back(world.browser())
    assert answer.status_code == 503
    assert world.accounts() == 0
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 40_000
    world.control.delete("faults")
    assert world.come_back(world.browser()).status_code == 303
