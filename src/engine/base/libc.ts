import { type FFIFunction, dlopen } from 'bun:ffi'
import { readFileSync } from 'node:fs'

/**
 * Functions of the C library that this process already uses, or undefined where it is not found
 * (systems without /proc, static builds).
 *
 * By its absolute path, from the map of our own memory: for a bare name that the system does not
 * have (`libc.so.6` on musl), Bun 1.4.5 loads a file of that name from the working directory.
 */
export const openLibc = <Symbols extends Record<string, FFIFunction>>(symbols: Symbols) => {
  const path = libcPath()
  if (path === undefined) return undefined
  try {
    return dlopen(path, symbols).symbols
  } catch {
    // Another C library, without one of them.
    return undefined
  }
}

const libcPath = (): string | undefined => {
  try {
    return LIBC.exec(readFileSync('/proc/self/maps', 'utf8'))?.[1]
  } catch {
    return undefined
  }
}

/** glibc: libc.so.6, once libc-2.28.so. musl: its loader is the library. */
const LIBC = /\s(\/\S*\/(?:libc\.so\.6|libc-2\.[0-9]+\.so|ld-musl-[a-z0-9_]+\.so\.1))$/m
