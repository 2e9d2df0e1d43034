// Owns the word for who makes a request. Knows no storage.

/** A checked key of an API caller. `admin` opens the administrative API. */
export type Caller = {
  readonly kind: "caller";
  readonly keyId: string;
  readonly name: string;
  readonly admin: boolean;
};
