// The name of the provider that is always there: GPU workers whose key names no other belong to it.

export const builtInProvider = "gpu";
