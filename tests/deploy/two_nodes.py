"""The topology with a second node beside the first, as `deploy/compose.nodes.yml` adds it."""

from pathlib import Path

from hero_router.access.ed25519 import NodeKey
from tests.deploy.compose import NODES_FILE, Service, services
from tests.deploy.topology import NODE, Topology

OTHER = "other"
ADDRESS = "127.0.2.1"


class TwoNodes(Topology):
    """Scanner and web of a second node, with sockets in `other_root`; HAProxy knows only the first.

    Each node's routers know the other's. A node has one URL: here that of its first web instance.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.other_root = folder / "other-sockets"
        self.other_root.mkdir()
        self._added = services(file=NODES_FILE)
        self._peers = folder / "peers"
        self._keys = {name: folder / f"{name}.key" for name in (NODE, OTHER)}

    @property
    def other_url(self) -> str:
        """The web of the second node."""
        return f"http://{ADDRESS}:{self._web_port}"

    async def start(self) -> None:
        """Start the first node, then the second."""
        lines = []
        for node, path in self._keys.items():
            key = NodeKey.make()
            key.write(path)
            lines.append(f"{node} {self._url_of(node)} {key.public}\n")
        self._peers.write_text("".join(lines))
        await super().start()
        for name in ("other-scanner", "other-web"):
            await self._run(name)
            await self.healthy(name)

    def _url_of(self, node: str) -> str:
        return self.other_url if node == OTHER else f"http://127.0.1.1:{self._web_port}"

    def _service(self, name: str) -> Service:
        return self._added[name] if name.startswith("other-") else super()._service(name)

    def _environment(self, name: str, service: Service) -> dict[str, str]:
        environment = super()._environment(name, service)
        if name in ("redis", "haproxy"):
            return environment
        is_other = name.startswith("other-")
        node = OTHER if is_other else NODE
        environment |= {"ROUTER_NODE": node, "ROUTER_ADVERTISE_URL": self._url_of(node)}
        if is_other:
            environment["ROUTER_SOCKET_DIR"] = str(self.other_root)
        if "web" in name:
            environment |= {
                "ROUTER_PEERS_FILE": str(self._peers),
                "ROUTER_NODE_KEY_FILE": str(self._keys[node]),
            }
        if name == "other-web":
            environment |= {"ROUTER_HOST": ADDRESS, "ROUTER_PORT": str(self._web_port)}
        return environment
