#!/bin/sh
# Makes the keys and messages of this directory that come from stock gpg 2.2.
# They are checked in, since they hold old dates and weak algorithms that not
# every gpg makes. Passphrase of what is protected: "adopt".
set -eu
cd "$(dirname "$0")"
home=$(mktemp -d); trap 'gpgconf --homedir "$home" --kill all; rm -rf "$home"' EXIT
g() { gpg --homedir "$home" --batch --yes --quiet --trust-model always --pinentry-mode loopback "$@"; }
fpr() { g --with-colons --list-keys "$1" | awk -F: '/^fpr/ {print $10; exit}'; }

# A team's RSA key of 2014: an encryption subkey that expired in 2016, its
# successor, two user IDs; certified by somebody else, expiry moved later.
p() { g --passphrase adopt "$@"; }
p --faked-system-time 20140301T090000 --quick-generate-key 'Product Security <psirt@example.com>' rsa2048 cert,sign 0
team=$(fpr psirt@example.com)
p --faked-system-time 20140301T090100 --quick-add-key "$team" rsa2048 encrypt 20160301T000000
p --faked-system-time 20160201T090000 --quick-add-key "$team" rsa3072 encrypt 0
p --faked-system-time 20160201T090100 --quick-add-uid "$team" 'Product Security <security@example.com>'
g --passphrase '' --faked-system-time 20150101T000000 --quick-generate-key 'Friend <friend@example.net>' ed25519 cert,sign 0
g --passphrase '' --faked-system-time 20170101T000000 --local-user friend@example.net --quick-sign-key "$team"
p --export-secret-keys --armor "$team" > team-rsa.asc
p --export-secret-subkeys --armor "$team" > team-rsa-subkeys.asc
printf 'To the first subkey.\r\n' | g --faked-system-time 20150601T000000 --encrypt --armor --recipient "$team" > to-old-subkey.asc

# The same kind of team with a signing subkey, everything on Curve25519, and
# its primary key offline.
c() { g --passphrase '' "$@"; }
c --faked-system-time 20220301T090000 --quick-generate-key 'PSIRT <psirt@example.org>' ed25519 cert 0
team=$(fpr psirt@example.org)
c --faked-system-time 20220301T090100 --quick-add-key "$team" cv25519 encrypt 0
c --faked-system-time 20220301T090200 --quick-add-key "$team" ed25519 sign 0
c --export-secret-subkeys --armor "$team" > team-curve-subkeys.asc

# Keys that cannot be used, for one reason each.
c --faked-system-time 20200101T000000 --quick-generate-key 'Old <expired@example.net>' future-default default 1y
c --export --armor expired@example.net > expired.asc
c --faked-system-time 20200101T000000 --quick-generate-key 'Sign <sign-only@example.net>' ed25519 cert,sign 0
c --export --armor sign-only@example.net > sign-only.asc
c --faked-system-time 20200101T000000 --quick-generate-key 'Weak <weak@example.net>' rsa1024 default 0
c --export --armor weak@example.net > weak-rsa1024.asc
c --faked-system-time 20200101T000000 --quick-generate-key 'DSA <dsa@example.net>' dsa2048 cert,sign 0
dsa=$(fpr dsa@example.net)
c --faked-system-time 20200101T000000 --quick-add-key "$dsa" elg2048 encrypt 0
c --export --armor dsa@example.net > dsa-elgamal.asc
for why in 0 1 2 3; do # none, compromised, superseded, no longer used
	c --faked-system-time 20200101T000000 --quick-generate-key "Revoked $why <revoked-$why@example.net>" future-default default 0
	r=$(fpr "revoked-$why@example.net")
	printf 'y\n%s\n\ny\n' "$why" | gpg --homedir "$home" --faked-system-time 20230101T000000 --no-tty --quiet --pinentry-mode loopback \
		--passphrase '' --command-fd 0 --gen-revoke "$r" > "$home/rev" 2>/dev/null
	c --import "$home/rev"
	c --export --armor "$r" > "revoked-$why.asc"
done

# An expiry that was moved: signatures from before have to stay good.
c --faked-system-time 20240101T000000 --quick-generate-key 'Moved <moved@example.net>' ed25519 cert,sign 1y
moved=$(fpr moved@example.net)
printf 'an event of 2024' | c --faked-system-time 20240601T000000 --local-user "$moved" --detach-sign --armor > moved.sig
c --faked-system-time 20251201T000000 --quick-set-expire "$moved" 3y
c --export --armor "$moved" > moved.asc
