# Run by scripts/try-packages inside a Debian 12: one promise a line, the first that is broken ends it.
set -euo pipefail
export LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive
cd /srv
log=/srv/trial.log
quietly() { "$@" >>"$log" 2>&1 </dev/null || { tail -30 "$log"; return 1; }; }
held() { echo "✓ $*"; }
broken() { echo "✗ $*"; tail -20 "$log"; exit 1; }
as() { local user=$1; shift; (cd / && runuser -u "$user" -- "$@"); }
ARCHIVE=/var/lib/liuhen-archive DOCK=/var/lib/liuhen-dock
touch "$log"

quietly apt-get install -y --no-install-recommends ./old-liuhen-*.deb || broken "the packages install without network"
held "three packages install side by side, without network and without a compiler"
for command in liuhen-agent liuhen-server liuhen-witness liuhen-verify; do quietly "$command" --help || broken "$command runs"; done
held "their commands run"
quietly dpkg --verify liuhen-dock liuhen-archive liuhen-witness || broken "what is installed is what was packed"
for unit in liuhen-dock.service liuhen-archive.service liuhen-witness.service liuhen-archive-scrub.timer liuhen-archive-publish.timer; do
  [ "$(systemctl is-enabled $unit)" = enabled ] || broken "$unit is enabled"
done
held "their units are enabled"
[ "$(stat -c '%U %a' $ARCHIVE $DOCK)" = "$(printf 'liuhen-archive 700\nliuhen-dock 750')" ] || broken "folders belong to their users alone"
held "folders belong to their users"

code=0; /checkout/scripts/install-archive --deb /srv/liuhen-archive_*.deb --origin trial.example/log >>"$log" 2>&1 </dev/null || code=$?
[ $code = 1 ] && tail -2 "$log" | grep -q 'systemctl start liuhen-archive' || broken "install-archive founds it and says what it left undone"
held "install-archive founds an archive, upgrades the package, and says what it could not do here (no systemd)"
before=$(sha256sum $ARCHIVE/config.toml $ARCHIVE/keys/*)
runuser -u liuhen-archive -- sh -c 'echo $$ >/tmp/served; exec liuhen-server serve --data "$0"' $ARCHIVE >"$log.ready" 2>>"$log" &
for _ in $(seq 3000); do grep -q ^ready "$log.ready" && break; sleep 0.1; done # an emulated processor takes its time
as liuhen-archive liuhen-server dock add --data $ARCHIVE dock-01 --agency 朝阳县市场监督管理局 --json >code.json
python3 -c 'import json; print(json.load(open("code.json"))["code"])' >code.txt
code=0; /checkout/scripts/install-dock --archive https://127.0.0.1:8443 --deb /srv/liuhen-dock_*.deb <code.txt >>"$log" 2>&1 || code=$?
[ $code = 1 ] && [ "$(stat -c %U $DOCK/identity.json)" = liuhen-dock ] || broken "install-dock enrols it with one code"
held "install-dock enrols a dock with one code, as its own user"
echo 'wipe_socket = "/run/liuhen/wipe.sock"' >>$DOCK/config.toml # as enrolling writes it where systemd runs
again() { code=0; /checkout/scripts/install-dock --archive https://127.0.0.1:8443 --deb /srv/liuhen-dock_*.deb "$@" >>"$log" 2>&1 </dev/null || code=$?; }
printf '[[bay]]\nname = 1\n' >bays.toml; again --config bays.toml
[ $code = 2 ] && ! grep -q bay $DOCK/config.toml || broken "install-dock takes no configuration that the dock would not read"
printf '[[bay]]\nname = "1"\nbackend = "udev"\nports = ["pci0000:00/0000:00:14.0/usb2/1"]\n' >bays.toml; again --config bays.toml
rules=/etc/udev/rules.d/59-liuhen-bays.rules
[ $code = 1 ] && tail -1 "$log" | grep -q 'systemctl start liuhen-dock' || broken "install-dock again, with its bays"
[ "$(stat -c '%U %a' $DOCK/config.toml)" = "liuhen-dock 640" ] && grep -q '^wipe_socket' $DOCK/config.toml || broken "its configuration keeps the units beside it"
grep -q 'ENV{LIUHEN_BAY}="1"' $rules || broken "udev is told which ports are bays"
cp $DOCK/config.toml before.toml; again --config bays.toml
[ $code = 1 ] && cmp -s $DOCK/config.toml before.toml && grep -q 'has bays already' "$log" || broken "a third time changes nothing"
held "install-dock takes bays from a file, tells udev which ports they are, and changes nothing when run again"
mkdir /srv/import; head -c 300000 /dev/urandom >/srv/import/DSJ_000001.MP4; chmod 755 /srv/import
quietly as liuhen-dock liuhen-agent collect /srv/import || broken "a clip is collected, stored and receipted"
held "a clip is collected, stored and receipted by the installed programs"
as liuhen-dock liuhen-agent doctor --json >doctor.json 2>>"$log" || true # no systemd: no unit answers, nothing sets the clock
python3 - <<'PYTHON' >>"$log" || broken "doctor finds what is in order"
import json
found = {check["name"].split()[-1]: check for check in json.load(open("doctor.json"))}
ill = {name: found[name]["said"] for name in ("folder", "enrolment", "certificate", "archive", "keys", "configuration", "journal", "tools") if not found[name]["well"]}
print(ill, found["units"], found["bays"])
raise SystemExit(bool(ill) or found["units"]["well"] or found["bays"]["well"])
PYTHON
held "doctor finds enrolment, certificate, archive, keys, journal and tools in order, and says what this machine lacks"
install -d -o liuhen-archive -m 700 /var/backups/liuhen-archive
quietly as liuhen-archive liuhen-server backup --data $ARCHIVE --to /var/backups/liuhen-archive || broken "it is backed up while it runs"
(cd /var/backups/liuhen-archive/*Z && sha256sum -c --quiet SHA256SUMS) || broken "the backup is whole"
quietly as liuhen-archive liuhen-server restore /var/backups/liuhen-archive/*Z --data /tmp/restored --keys $ARCHIVE || broken "the backup restores"
held "it is backed up while it runs, sha256sum finds the backup whole, and it restores"
kill "$(cat /tmp/served)"; wait

clip=$(sha256sum /srv/import/DSJ_000001.MP4 | cut -d' ' -f1)
kept() { [ "$(sha256sum $ARCHIVE/config.toml $ARCHIVE/keys/*)" = "$before" ] && [ -f $DOCK/identity.json ] && [ -f "$ARCHIVE/store/sha256/${clip:0:2}/${clip:2:2}/$clip" ]; }
quietly systemctl disable liuhen-witness.service
quietly apt-get install -y --no-install-recommends ./liuhen-*.deb || broken "an upgrade in place"
[ "$(systemctl is-enabled liuhen-witness.service || true)" = disabled ] || broken "what an administrator disabled stays disabled"
kept || broken "data outlives the upgrade"
quietly as liuhen-archive liuhen-server verify --data $ARCHIVE --bytes || broken "the archive holds after the upgrade"
held "an upgrade in place keeps data, keys and what was disabled; the archive verifies"
quietly apt-get remove -y liuhen-dock liuhen-archive liuhen-witness || broken "they are removed"
kept && [ ! -e /opt/liuhen ] && [ ! -e /usr/bin/liuhen-agent ] && [ ! -L /usr/bin/liuhen-verify ] || broken "removing takes the programs and leaves the data"
held "removing takes every program and leaves the data"
apt-get purge -y liuhen-dock liuhen-archive liuhen-witness >>"$log" 2>&1 </dev/null || broken "they are purged"
grep -q "data kept: $ARCHIVE" "$log" && kept || broken "purging leaves the data and says so"
[ ! -e $rules ] || broken "purging takes the udev rules of its bays"
left=$(find / -xdev \( -path /proc -o -path /run -o -path /srv -o -path /checkout -o -path /var/lib/dpkg -o -path /var/log -o -path /var/cache -o -path /var/backups -o -path /tmp \) -prune \
  -o -name '*liuhen*' -print | grep -v -E "^($ARCHIVE|$DOCK)(/|$)" || true)
[ -z "$left" ] || broken "purging leaves nothing else: $left"
held "purging leaves the evidence, says where it is, and nothing else"
