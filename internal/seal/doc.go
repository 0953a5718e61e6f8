// Package seal is Docket's only room for OpenPGP: keys and their roles,
// sealed parts, signatures, canonical armor.
//
// Promises:
//
//   - Nothing is handed out before its message ended cleanly: integrity
//     protection checked, packet sequence exact, no byte left over. Sealed
//     parts come with a good signature, made for their context by one of the
//     signers named, or not at all.
//   - Keys are judged at the time of the event (an argument, never the clock):
//     revocations, expiry and key flags as they stood then.
//   - Hostile input costs what its limit says: no decompression bomb, no
//     unbounded list of packets, no panic.
//   - What is written is canonical (one armor for one byte string) and opens
//     and verifies with stock gpg 2.2: SEIPD version 1, AES-256, no
//     compression, contexts as notations that are not critical.
//   - Secrets come from key files (Key) or stay in the user's own gpg (GpgKey),
//     which only decrypts session keys and signs. Either way messages are
//     opened, judged, built and encrypted here, and what is written has one form.
//   - Certificates and keys are safe for concurrent use; certificates and key
//     files are immutable.
//   - No error text holds plaintext, a passphrase or a session key.
//
// Standards: RFC 4880 and RFC 9580 (OpenPGP), RFC 6637 (elliptic curves), RFC
// 3156 (OpenPGP in mail). The GNU extension "gnu-dummy"
// (string-to-key specifier 101) stands for a secret that is kept elsewhere, so
// that a role's key file holds no more than the role needs.
//
// Packets are read and made by go-crypto, the engine of gopenpgp. Its packet
// layer is used directly, because gopenpgp 2.11 takes the time from a global
// clock, judges a past event by a key's newest self-signature, decrypts without
// a size limit and overlooks trailing packets; gopenpgp's session keys and its
// name for the context notation are used, and in the tests it is a peer like
// gpg.
package seal
