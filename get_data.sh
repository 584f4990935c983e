#!/bin/sh
# Fetches what the package does not carry: the font TW-Kai-98 (for --dataset cns at sizes other than 32x32), its
# sister TW-Kai-Ext-B-98 with the rare characters (for --dataset cns-ext), and, once weights are shipped, the VAE-GAN
# that they belong to as logdir/train/pretrained/.
#
# Each font is taken from the first of: this directory's fonts/, the installed fonts, the Debian package
# fonts-cns11643-kai (no root needed), the official open-data archive. Running it again changes nothing.
#
#   TWKAI_URL=https://...   another address of the archive (a .zip that holds the .ttf files; file:// works)
#   FONT_DIRS="dir dir"     other places to look for installed fonts
#   PYTHON=python3.12       the Python in which tfglyph's requirements are installed
set -eu

cd "$(dirname "$0")"
PYTHON=${PYTHON:-$(command -v python3 || command -v python || echo python3)}
TWKAI_URL=${TWKAI_URL:-https://www.cns11643.gov.tw/opendata/Fonts_Kai.zip}
HOMES="${XDG_DATA_HOME:-$HOME/.local/share}/fonts $HOME/.fonts $HOME/Library/Fonts"
FONT_DIRS=${FONT_DIRS:-$HOMES /usr/local/share/fonts /usr/share/fonts /Library/Fonts}
WORK=

say() { echo "get_data.sh: $*"; }
fail() { echo "get_data.sh: error: $*" >&2; exit 1; }
clean_up() { [ -z "$WORK" ] || rm -rf "$WORK"; }
trap clean_up EXIT
trap 'exit 130' INT TERM

# choose NAME: which font the functions below are about; FIRST to LAST are the characters that it must have.
choose() {
    FONT=$1
    case $FONT in
        TW-Kai-98_1.ttf) FIRST=4E00 LAST=9FA5 ALL=9FFF ;;
        *) FIRST=20000 LAST=2A6D6 ALL=2A6DF ;;
    esac
}

# check_font FILE: prints what the font covers; fails, saying why, where it does not open or lacks characters.
check_font() {
    "$PYTHON" - "$1" "$FIRST" "$LAST" "$ALL" <<'PYTHON_END'
import sys

from tfglyph.datasets.fontface import FontFace
from tfglyph.errors import GlyphError

first, last, end = (int(code, 16) for code in sys.argv[2:])
try:
    face = FontFace(sys.argv[1])
except GlyphError as error:
    sys.exit(str(error))
missing = [code for code in range(first, last + 1) if chr(code) not in face]
if missing:
    among = f"{last + 1 - first:,} characters of U+{first:X}-U+{last:X}"
    sys.exit(f"{sys.argv[1]}: it lacks {len(missing):,} of the {among}")
covered = sum(chr(code) in face for code in range(first, end + 1))
print(f"{face.name}, {covered:,} characters of U+{first:X}-U+{end:X}")
PYTHON_END
}

# keep FILE: moves a font that passes the check to fonts/.
keep() {
    covers=$(check_font "$1") || return 1
    mkdir -p fonts
    cp "$1" "fonts/$FONT.new"
    mv "fonts/$FONT.new" "fonts/$FONT"
    say "fonts/$FONT: $covers"
}

installed_font() {
    for place in $FONT_DIRS; do
        [ ! -d "$place" ] || find "$place" -name "$FONT" 2>/dev/null
    done | head -n 1
}

from_debian() {
    command -v apt-get >/dev/null && command -v dpkg >/dev/null || return 1
    say "trying the Debian package fonts-cns11643-kai"
    if [ ! -d "$WORK/deb" ]; then
        # As root, apt drops to another user, who has to be able to write here.
        chmod 755 "$WORK"
        (cd "$WORK" && apt-get download fonts-cns11643-kai) >"$WORK/apt.log" 2>&1 || {
            say "apt-get download failed: $(tail -n 1 "$WORK/apt.log")"
            return 1
        }
        dpkg -x "$WORK"/fonts-cns11643-kai_*.deb "$WORK/deb" || return 1
    fi
    keep "$(find "$WORK/deb" -name "$FONT" | head -n 1)"
}

# fetch_archive: brings $WORK/kai.zip, whole or not at all.
fetch_archive() {
    say "fetching $TWKAI_URL"
    if command -v curl >/dev/null; then
        curl -fsSL --retry 2 --connect-timeout 20 -o "$WORK/kai.part" "$TWKAI_URL" || return 1
    else
        "$PYTHON" - "$TWKAI_URL" "$WORK/kai.part" <<'PYTHON_END' || return 1
import sys
import urllib.request

try:
    urllib.request.urlretrieve(*sys.argv[1:])
except (OSError, ValueError) as error:
    sys.exit(f"cannot fetch it ({error})")
PYTHON_END
    fi
    mv "$WORK/kai.part" "$WORK/kai.zip"
}

from_archive() {
    [ -f "$WORK/kai.zip" ] || fetch_archive || return 1
    "$PYTHON" - "$WORK/kai.zip" "$FONT" "$WORK/$FONT" <<'PYTHON_END' || return 1
import shutil
import sys
import zipfile

archive, font, target = sys.argv[1:]
try:
    with zipfile.ZipFile(archive) as file:
        members = [name for name in file.namelist() if name.rsplit("/", 1)[-1] == font]
        if not members:
            sys.exit(f"the archive has no {font}")
        with file.open(members[0]) as source, open(target, "wb") as copy:
            shutil.copyfileobj(source, copy)
except (OSError, zipfile.BadZipFile) as error:
    sys.exit(f"what came is no zip archive ({error})")
PYTHON_END
    keep "$WORK/$FONT"
}

get_font() {
    if [ -f "fonts/$FONT" ]; then
        if covers=$(check_font "fonts/$FONT"); then
            say "fonts/$FONT is here already: $covers"
            return
        fi
        say "fonts/$FONT is damaged: fetching it again"
    fi
    path=$(installed_font)
    if [ -n "$path" ] && covers=$(check_font "$path"); then
        say "$path is installed: $covers; nothing to fetch"
        return
    fi
    WORK=${WORK:-$(mktemp -d)}
    from_debian || from_archive
}

# === Shipped weights ===
# A trained VAE-GAN that the repository carries becomes the run directory logdir/train/pretrained/.
get_weights() {
    for source in tfglyph/pretrained/vaegan-cns pretrained/vaegan-cns; do
        [ -d "$source" ] || continue
        if [ -d logdir/train/pretrained ] && diff -rq "$source" logdir/train/pretrained >/dev/null 2>&1; then
            say "logdir/train/pretrained is here already"
            return
        fi
        mkdir -p logdir/train
        rm -rf logdir/train/pretrained.new
        cp -R "$source" logdir/train/pretrained.new
        rm -rf logdir/train/pretrained
        mv logdir/train/pretrained.new logdir/train/pretrained
        say "logdir/train/pretrained: unpacked from $source"
        return
    done
    say "no trained weights are shipped yet: logdir/train/pretrained stays as it is"
}

ADVICE="install the Debian package fonts-cns11643-kai, put the file into fonts/, or set TWKAI_URL to an archive that"
why=$("$PYTHON" -c "import fontTools.ttLib, PIL, tfglyph.datasets.fontface" 2>&1) ||
    fail "$PYTHON cannot check fonts (${why##*
}): run \`pip install -e .\` first, or set PYTHON to a Python that has tfglyph's requirements"
choose TW-Kai-98_1.ttf
get_font || fail "no usable $FONT: $ADVICE holds it"
choose TW-Kai-Ext-B-98_1.ttf
get_font || say "no usable $FONT, which only --dataset cns-ext needs: $ADVICE holds it"
get_weights
