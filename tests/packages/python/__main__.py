"""A program in Python that knows the component by its token only."""

import pulumi


class SeededDroplet(pulumi.ComponentResource):
    """As a generated SDK does it: the token, the inputs, the outputs that will come, and True for "made elsewhere"."""

    knownHosts: pulumi.Output[str]
    verdict: pulumi.Output[str]
    ipv4Address: pulumi.Output[str]

    def __init__(self, name: str, inputs: pulumi.Inputs) -> None:
        outputs = {"knownHosts": None, "verdict": None, "ipv4Address": None}
        super().__init__("bootseed:index:SeededDroplet", name, {**outputs, **inputs}, None, True)


web = SeededDroplet(
    "web",
    {
        "image": "debian-12-x64",
        "region": "ams3",
        "size": "s-1vcpu-1gb",
        "tags": ["python"],
        "userData": pulumi.Output.secret("#cloud-config\npackages: [jq]\n"),
    },
)
pulumi.export("knownHosts", web.knownHosts)
pulumi.export("verdict", web.verdict)
pulumi.export("address", web.ipv4Address)
