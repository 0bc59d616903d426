# Sourced by scripts/install-dock and scripts/install-archive: what both do to a fresh machine.
# Leaves with 0 (it runs), 1 (something is left undone; it says what), 2 (wrong use).

fail() { echo "$0: $1" >&2; exit "${2:-1}"; }
step() { echo "== $*" >&2; }

undone=()
# what this machine could not do, each a line that an administrator can act on
left_undone() { undone+=("$1"); }

systemd_runs() { [ -d /run/systemd/system ]; }

# one place for everything that is not to be left behind, however this ends
umask 022
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
chmod 755 "$scratch" # apt's own user and the unit's read what lies in it

# install_package PART [DEB]: builds it here when no file is given, and installs it with what it needs
install_package() {
  command -v apt-get >/dev/null || fail "只能装在 Debian 12 或 Raspberry Pi OS 上 / this is for Debian 12 or Raspberry Pi OS: there is no apt-get here" 2
  local part=$1 deb=${2:-}
  [ -z "$deb" ] || check_package "$part" "$deb"
  [ "$(id -u)" = 0 ] || fail "请以 root 运行 / run this as root: it installs a package and makes a user" 2
  export DEBIAN_FRONTEND=noninteractive
  step "软件源 / package lists"
  # standard input is for the enrolment code: nothing else here may read it
  apt-get update -qq >&2 </dev/null || echo "$0: 软件源不可达，用本机已有的 / package lists not reachable: going on with what is here" >&2
  if [ -z "$deb" ]; then
    step "制作安装包 / building the package liuhen-$part"
    deb=$(scripts/build-deb "$part" --out "$scratch" </dev/null | tail -1) ||
      fail "安装包未制成，见上。本机不联网时，在别处运行 scripts/build-deb $part,再用 --deb 文件 指定 / the package was not built, see above. Without network here: run scripts/build-deb $part elsewhere and give its file with --deb"
  fi
  local before; before=$(dpkg-query -W -f '${Version}' "liuhen-$part" 2>/dev/null || true)
  step "安装 / installing $(basename "$deb")${before:+, 现有 there is $before}"
  local more=""
  # a clock that nothing sets makes every statement say so
  dpkg-query -W -f '${Status} ${Package} ${Provides}\n' 2>/dev/null | grep -E '^install ok installed .*(systemd-timesyncd|time-daemon)' >/dev/null || more=systemd-timesyncd
  # a copy that apt's own user may read
  mkdir -p "$scratch/readable"; cp "$deb" "$scratch/readable/"
  # a machine that has just been started for the first time upgrades itself: wait for that
  # shellcheck disable=SC2086
  apt-get install -y -qq -o DPkg::Lock::Timeout=600 --no-install-recommends --reinstall --allow-downgrades "$scratch/readable/$(basename "$deb")" $more >&2 </dev/null ||
    fail "apt-get 未能安装，见上。本机不联网时，先装好 scripts/build-deb $part --needs 所列的软件包 / could not install it, see above. Without network here: first install what scripts/build-deb $part --needs names"
}

# check_package PART FILE: that it is this package
check_package() {
  [ -f "$2" ] || fail "没有此文件 / no such file: $2" 2
  local name; name=$(dpkg-deb --field "$2" Package) || fail "$2 不是安装包 / is no package" 2
  [ "$name" = "liuhen-$1" ] || fail "$2 是 / is $name, not liuhen-$1" 2
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
  systemctl reset-failed "$1" 2>/dev/null || true # what was wrong before does not count against it
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
