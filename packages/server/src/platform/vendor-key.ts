// The vendor key that is set at build: a distribution that sells licences puts its Ed25519 public key here (PEM, or 32 bytes
// in base64). Undefined: AUXOT_VENDOR_KEY may name one, and without it nothing needs a licence.

export const builtInVendorKey: string | undefined = undefined;
