import { concat, utf8 } from '../../src/engine/base/bytes.ts'

/** GGUF's numbers for the types of values (ggml, gguf.h). */
const TYPES = { u32: 4, i32: 5, f32: 6, bool: 7, string: 8, array: 9 } as const
const GGML_F32 = 0
const ALIGN = 32

type Tensor = { name: string; dims: readonly number[]; data: Float32Array }

/** A GGUF v3 file in the making: keys with values, then tensors, all little-endian. */
export class Gguf {
  private readonly values: Uint8Array[] = []
  private keys = 0
  private readonly tensors: Tensor[] = []

  string(key: string, value: string): void {
    this.put(key, TYPES.string, text(value))
  }
  u32(key: string, value: number): void {
    this.put(key, TYPES.u32, u32(value))
  }
  f32(key: string, value: number): void {
    this.put(key, TYPES.f32, f32(value))
  }
  bool(key: string, value: boolean): void {
    this.put(key, TYPES.bool, Uint8Array.of(value ? 1 : 0))
  }
  strings(key: string, values: readonly string[]): void {
    this.list(key, TYPES.string, values.map(text))
  }
  f32s(key: string, values: readonly number[]): void {
    this.list(key, TYPES.f32, values.map(f32))
  }
  i32s(key: string, values: readonly number[]): void {
    this.list(key, TYPES.i32, values.map(u32))
  }

  /** A tensor of 32-bit floats; `dims[0]` is the one that varies fastest. */
  tensor(name: string, dims: readonly number[], data: Float32Array): void {
    if (data.length !== dims.reduce((a, b) => a * b, 1))
      throw new RangeError(`${name}: ${data.length} values for [${dims.join(', ')}]`)
    this.tensors.push({ name, dims, data })
  }

  bytes(): Uint8Array {
    const header = concat(
      utf8('GGUF'),
      u32(3),
      u64(this.tensors.length),
      u64(this.keys),
      ...this.values,
      ...this.infos(),
    )
    return concat(padded(header), ...this.tensors.map(({ data }) => padded(raw(data))))
  }

  // Offsets count from the start of the data, and must be exactly what padding makes them.
  private infos(): Uint8Array[] {
    let offset = 0
    return this.tensors.map(({ name, dims, data }) => {
      const info = [text(name), u32(dims.length), ...dims.map(u64), u32(GGML_F32), u64(offset)]
      offset += Math.ceil(data.byteLength / ALIGN) * ALIGN
      return concat(...info)
    })
  }

  private put(key: string, type: number, value: Uint8Array): void {
    this.values.push(text(key), u32(type), value)
    this.keys++
  }

  private list(key: string, type: number, values: readonly Uint8Array[]): void {
    this.put(key, TYPES.array, concat(u32(type), u64(values.length), ...values))
  }
}

const packed = (size: number, write: (view: DataView) => void): Uint8Array => {
  const bytes = new Uint8Array(size)
  write(new DataView(bytes.buffer))
  return bytes
}
const u32 = (n: number) => packed(4, (view) => view.setUint32(0, n, true))
const u64 = (n: number) => packed(8, (view) => view.setBigUint64(0, BigInt(n), true))
const f32 = (n: number) => packed(4, (view) => view.setFloat32(0, n, true))

const text = (value: string): Uint8Array => {
  const bytes = utf8(value)
  return concat(u64(bytes.length), bytes)
}

const raw = (data: Float32Array) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength)

const padded = (bytes: Uint8Array): Uint8Array =>
  concat(bytes, new Uint8Array((ALIGN - (bytes.length % ALIGN)) % ALIGN))
