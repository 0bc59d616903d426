# Sourced by scripts/install-dock and scripts/install-archive: what both do to a fresh machine.
# Leaves with 0 (it runs), 1 (something is left undone; it says what), 2 (wrong use).

fail() { echo "$0: $1" >&2; exit "${2:-1}"; }
step() { echo "== $*" >&2; }

undone=()
# what this machine could not do, each a line that an administrator can act on
left_undone() { undone+=("$1"); }

systemd_runs() { [ -d /run/systemd/system ]; }

# install_package PART [DEB]: builds it here when no file is given, and installs it with what it needs
install_package() {
  [ "$(id -u)" = 0 ] || fail "请以 root 运行 / run this as root: it installs a package and makes a user" 2
  local part=$1 deb=${2:-} built=""
  export DEBIAN_FRONTEND=noninteractive
  step "软件源 / package lists"
  # standard input is for the enrolment code: nothing else here may read it
  apt-get update -qq >&2 </dev/null || echo "$0: 软件源不可达,用本机已有的 / package lists not reachable: going on with what is here" >&2
  if [ -z "$deb" ]; then
    step "制作安装包 / building the package liuhen-$part"
    built=$(mktemp -d)
    deb=$(scripts/build-deb "$part" --out "$built" </dev/null | tail -1)
  fi
  [ -f "$deb" ] || fail "没有此文件 / no such file: $deb" 2
  local name; name=$(dpkg-deb --field "$deb" Package) || fail "$deb 不是安装包 / is no package" 2
  [ "$name" = "liuhen-$part" ] || fail "$deb 是 / is $name, not liuhen-$part" 2
  step "安装 / installing $(basename "$deb")"
  local more=""
  # a clock that nothing sets makes every statement say so
  dpkg-query -W -f '${Status} ${Package} ${Provides}\n' 2>/dev/null | grep -E '^install ok installed .*(systemd-timesyncd|time-daemon)' >/dev/null || more=systemd-timesyncd
  # a copy that apt's own user may read
  local readable; readable=$(mktemp -d); chmod 755 "$readable"; cp "$deb" "$readable/"
  # shellcheck disable=SC2086
  apt-get install -y -qq --no-install-recommends --reinstall --allow-downgrades "$readable/$(basename "$deb")" $more >&2 </dev/null || {
    rm -r "$readable"
    fail "apt-get 未能安装 / could not install it; see above"
  }
  rm -r "$readable"
  [ -z "$built" ] || rm -r "$built"
}

# as_user USER COMMAND…: with nothing of root's but the terminal and the environment
as_user() { local user=$1; shift; (cd / && exec runuser -u "$user" -- "$@"); }

# start_unit UNIT: running when this returns, or named as undone
start_unit() {
  if ! systemd_runs; then
    left_undone "systemd 未运行 / systemd does not run here: systemctl start $1"
    return
  fi
  step "启动 / starting $1"
  systemctl enable --quiet "$1" || true
  systemctl restart "$1" || true
  systemctl is-active --quiet "$1" || {
    journalctl --no-pager -n 15 -u "$1" >&2 || true
    left_undone "$1 没有运行 / does not run: journalctl -u $1"
  }
}

# the last words: what is left, if anything
finish() {
  if [ ${#undone[@]} -eq 0 ]; then return 0; fi
  echo "尚未完成 / left undone:" >&2
  printf '  - %s\n' "${undone[@]}" >&2
  exit 1
}
