"""Level 4, only with `--live`: the provider itself answers, whole and streamed."""

from __future__ import annotations

import os

import pytest

from jackfield import Client
from jackfield.errors import MissingCredential

from ._report import Findings
from ._subject import ProviderSubject


class Live(ProviderSubject):
    """A call to the provider, with the key of the environment."""

    def test_live(self, request: pytest.FixtureRequest) -> None:
        """The provider answers a word, whole and streamed, and both state what they consumed."""
        if not request.config.getoption("--live", default=False):
            pytest.skip("asks the provider only with --live")
        findings = Findings("test_live")
        name = f"{self.name}/{self.model_for().id}"
        with Client(boards=self.boards(), environ=os.environ) as client:
            try:
                whole = client.chat(name, "Answer with the word ready.", max_tokens=200)
                with client.stream(name, "Answer with the word ready.", max_tokens=200) as stream:
                    deltas = list(stream)
                streamed = stream.response
            except MissingCredential as error:
                pytest.skip(str(error))
        for where, response in (("whole", whole), ("streamed", streamed)):
            findings.unless(response.message.parts, "normalize", where, "says nothing")
            findings.unless(response.finish_reason != "unknown", "normalize", where, "has no finish reason")
            findings.unless(response.usage is not None, "usage_items", where, "states no usage")
        findings.unless(deltas, "stream_decoder", "streamed", "gave no deltas")
        findings.check()
