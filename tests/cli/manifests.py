"""manifests.py - what the container files must say.  manifests.py FOLDER

Keys are checked against those that the API has for these kinds, as far as we
use them; and that the server has no privilege, and no secret is in an
environment.
"""
import re
import sys

import yaml

folder = sys.argv[1]
POD = {"automountServiceAccountToken", "terminationGracePeriodSeconds",
       "securityContext", "initContainers", "containers", "volumes",
       "hostNetwork", "nodeSelector"}
CONTAINER = {"name", "image", "restartPolicy", "args", "command", "env",
             "securityContext", "startupProbe", "livenessProbe",
             "readinessProbe", "resources", "volumeMounts", "ports"}
PROBE = {"exec", "periodSeconds", "failureThreshold", "timeoutSeconds"}
CONTEXT = {"runAsNonRoot", "runAsUser", "runAsGroup", "capabilities",
           "allowPrivilegeEscalation", "readOnlyRootFilesystem",
           "seccompProfile", "privileged"}
MOUNT = {"name", "mountPath", "readOnly", "mountPropagation"}
VOLUME = {"name", "persistentVolumeClaim", "emptyDir", "secret", "hostPath"}
TOP = {"Secret": {"type", "stringData"}, "Pod": {"spec"}, "Namespace": set(),
       "DaemonSet": {"spec"}, "PersistentVolume": {"spec"},
       "PersistentVolumeClaim": {"spec"}}


def keys(what, given, known):
    odd = set(given) - known
    assert not odd, "%s: %s" % (what, sorted(odd))


def container(c, volumes):
    keys(c["name"], c, CONTAINER)
    assert "env" not in c, c["name"]
    for p in ("startupProbe", "livenessProbe", "readinessProbe"):
        keys(p, c.get(p, {}), PROBE)
    keys("securityContext", c["securityContext"], CONTEXT)
    for m in c["volumeMounts"]:
        keys("volumeMounts", m, MOUNT)
        assert m["name"] in volumes, m
    s = c["securityContext"]
    if c["name"] == "server":
        assert s["runAsNonRoot"] and s["runAsUser"] == 65532
        assert s["capabilities"] == {"drop": ["ALL"]}
        assert s["readOnlyRootFilesystem"] and "privileged" not in s
        assert not s["allowPrivilegeEscalation"]
        assert c["livenessProbe"]["exec"]["command"][:2] == \
            ["vaultnfs", "ping"]
        assert "--password-file" in c["args"]


def pod(spec):
    keys("pod", spec, POD)
    volumes = {v["name"] for v in spec["volumes"]}
    for v in spec["volumes"]:
        keys("volume", v, VOLUME)
        assert len(v) == 2, v
    everyone = spec.get("initContainers", []) + spec["containers"]
    for c in everyone:
        container(c, volumes)
    return {c["name"]: c for c in everyone}


def documents(name):
    with open("%s/%s" % (folder, name)) as f:
        docs = list(yaml.safe_load_all(f))
    for d in docs:
        keys(d["kind"], d, TOP[d["kind"]] | {"apiVersion", "kind",
                                            "metadata"})
        assert d["metadata"]["name"]
    return {d["kind"]: d for d in docs}


side = pod(documents("kubernetes-sidecar.yaml")["Pod"]["spec"])
assert all(side[c]["restartPolicy"] == "Always" for c in ("server", "mounter"))
assert list(side) == ["server", "mounter", "application"], "the order"
assert side["mounter"]["volumeMounts"][0]["mountPropagation"] == \
    "Bidirectional"
assert side["application"]["volumeMounts"][0]["mountPropagation"] == \
    "HostToContainer"
assert [c for c in side if side[c]["securityContext"].get("privileged")] == \
    ["mounter"]

node = documents("kubernetes-node.yaml")
spec = node["DaemonSet"]["spec"]
assert spec["selector"]["matchLabels"] == \
    spec["template"]["metadata"]["labels"]
assert spec["template"]["spec"]["hostNetwork"] is True
server = pod(spec["template"]["spec"])["server"]
assert server["args"][:2] == ["--listen", "127.0.0.1"]
volume = node["PersistentVolume"]["spec"]
assert volume["nfs"] == {"server": "127.0.0.1", "path": "/vault"}
for o in ("vers=3", "port=12049", "mountport=12049", "nolock"):
    assert o in volume["mountOptions"], o

with open(folder + "/compose.yaml") as f:
    compose = yaml.safe_load(f)
keys("compose", compose, {"services", "secrets", "volumes"})
vault = compose["services"]["vault"]
assert vault["cap_drop"] == ["ALL"] and vault["read_only"] is True
assert vault["user"] == "65532:65532" and "environment" not in vault
assert compose["services"]["consumer"]["network_mode"] == "service:vault"
assert set(vault["secrets"]) == set(compose["secrets"])

with open(folder + "/Containerfile") as f:
    text = f.read()
assert re.search(r"^USER 65532:65532$", text, re.M)
assert '"ping"' in text and "12049" in text
assert not re.search(r"^(ENV|ARG).*PASS", text, re.M | re.I)
