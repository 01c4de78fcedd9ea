"""The least that a search over HTTP can be: an ingress that awaits one other deployment and answers. The yardstick."""

from fastapi import FastAPI
from ray import serve
from ray.serve import Application
from ray.serve.handle import DeploymentHandle

app = FastAPI()


class Nothing:
    """Answers at once."""

    async def __call__(self) -> bytes:
        """Nothing worth waiting for."""
        return b"ok"


@serve.ingress(app)
class Ingress:
    """Passes a request on to `Nothing`."""

    def __init__(self, nothing: DeploymentHandle) -> None:
        self._nothing = nothing

    @app.post("/")
    async def ask(self) -> dict[str, str]:
        """One hop there and back."""
        answer: bytes = await self._nothing.remote()
        return {"answer": answer.decode()}


def build(args: dict[str, str]) -> Application:
    """The application for a Serve configuration."""
    deployed = serve.deployment(max_ongoing_requests=64, ray_actor_options={"num_cpus": 0.1})
    return deployed(Ingress).bind(deployed(Nothing).bind())
