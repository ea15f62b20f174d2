#!/bin/sh
# Network namespaces play pods and the node that they are on: the layouts of
# contrib/container serve the consumer and refuse the rest.  TAP.
name=pods
. "$(dirname "$0")/cli.sh"
top=${VAULTNFS_TOP:-$here/../..}
[ -n "$python" ] || { echo '1..0 # SKIP no python3'; exit 0; }
if "$python" -c 'import yaml' 2> /dev/null; then
	ok 'manifests and compose file say what they should' "$python" \
	    "$here/manifests.py" "$top/contrib/container"
else
	skip 'manifests and compose file say what they should' 'no python3-yaml'
fi
id=vn$$
if [ "$(id -u)" != 0 ] || ! ip netns add $id-node 2> /dev/null; then
	skip 'namespaces' 'not root, or no network namespaces'
	echo "1..$n"
	exit 0
fi
pids=
# shellcheck disable=SC2317	# by trap
end_all() {
	for p in $pids; do kill "$p" 2> /dev/null; done
	wait
	for s in node pod1 pod2; do ip netns del $id-$s 2> /dev/null; done
	clean
}
trap end_all EXIT

# node 10.77.0.1 and 10.77.1.1; pod1 10.77.0.2; pod2 10.77.1.2
in_ns() { ns=$1; shift; ip netns exec $id-"$ns" "$@"; }
in_ns node ip link set lo up
for i in 0 1; do
	p=pod$((i + 1))
	ip netns add $id-$p
	in_ns $p ip link set lo up
	ip -n $id-node link add veth$i type veth peer name eth0 netns $id-$p
	ip -n $id-node addr add 10.77.$i.1/24 dev veth$i
	ip -n $id-node link set veth$i up
	ip -n $id-$p addr add 10.77.$i.2/24 dev eth0
	ip -n $id-$p link set eth0 up
	ip -n $id-$p route add default via 10.77.$i.1
done
in_ns node sysctl -qw net.ipv4.ip_forward=1

# The server is not root there, and has no capability.
user=65532
echo password > pw
runp init vault --scrypt-cost 1024
mkdir state run
chown -R $user:$user vault state run pw
chmod 700 state run
chmod 755 .
cp "$V" server	# the build may be where this user may not look
chmod 755 server
# serve NAMESPACE ARGS...
serve() {
	ns=$1
	shift
	: > ready
	ip netns exec $id-"$ns" setpriv --reuid $user --regid $user \
	    --clear-groups --bounding-set=-all --no-new-privs \
	    ./server serve vault --port 12049 --password-file pw \
	    --state-dir state --run-dir run --log-level error "$@" \
	    > ready 2> serve.err < /dev/null &
	last=$!
	pids="$pids $last"
	i=0
	while [ $i -lt 600 ] && [ ! -s ready ] && kill -0 $last 2> /dev/null
	do
		sleep 0.1
		i=$((i + 1))
	done
}
end() { kill "$last"; wait "$last"; }
# ask TEXT ANSWER NAMESPACE HOST UID
ask() {
	answer=$(in_ns "$3" "$python" "$here/pods.py" "$4" 12049 /vault "$5" \
	    2> ask.err)
	ok "$1" same "$2" "$answer"
}
probe() { in_ns "$1" ./server ping "$2":12049 --quiet --timeout 20000; }

# --- the sidecar: server and consumer in one pod
serve pod1
ok 'sidecar: the server is ready' [ -s ready ]
ok 'sidecar: the probe finds it alive' probe pod1 127.0.0.1
ask "sidecar: the kernel's client (root) of the pod is served" served \
    pod1 127.0.0.1 0
ask 'sidecar: the application, as the same user, is served' served \
    pod1 127.0.0.1 $user
ask 'sidecar: another user of the pod is refused' refused pod1 127.0.0.1 1234
ask "sidecar: another pod is refused" refused pod2 10.77.0.2 0
ask "sidecar: the node is refused" refused node 10.77.0.2 0
ask "sidecar: another pod's loopback is another one" refused pod2 127.0.0.1 0
end

# --- the node: server on its loopback, kubelet mounts there
serve node --listen 127.0.0.1
ask "node: the kernel's client (kubelet's mount) is served" served \
    node 127.0.0.1 0
ask 'node: another user of the node is refused' refused node 127.0.0.1 1234
ask "node: a pod's loopback is another one" refused pod1 127.0.0.1 0
ask "node: a pod cannot reach it by the node's address" refused \
    pod1 10.77.0.1 0
end

# --- a server for named networks: those, and no others
serve pod1 --listen 10.77.0.2 --allow 10.77.0.1/32
ask 'allow: the node that was named is served' served node 10.77.0.2 0
ask 'allow: another pod is refused' refused pod2 10.77.0.2 0
end
echo "1..$n"
