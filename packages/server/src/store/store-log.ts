// Owns what the store needs of a log. The platform's `Log` fits.

type Fields = Readonly<Record<string, unknown>>;

export type StoreLog = {
  info(fields: Fields, message: string): void;
  warn(fields: Fields, message: string): void;
  error(fields: Fields, message: string): void;
};
