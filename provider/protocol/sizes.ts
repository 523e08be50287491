/** Sizes that the algorithms fix. */

/** An Ed25519 public key: RFC 8032, section 5.1.5. */
export const KEY_BYTES = 32;
/** An Ed25519 signature: RFC 8032, section 5.1.6. */
export const SIGNATURE_BYTES = 64;
export const SHA256_BYTES = 32;
/** As much as the hash that takes it in. */
export const NONCE_BYTES = 32;
