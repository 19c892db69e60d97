declare const brand: unique symbol

/** A value that has passed a constructor which throws: `Brand<string, 'PubKey'>`. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name }
