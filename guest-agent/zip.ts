/**
 * A *stored* zip (PKWARE APPNOTE 4.3), as python's zipimport reads it. Dates are fixed, so that the same sources give the same bytes.
 */
import { crc32 } from "node:zlib";

/** 1980-01-01 00:00, the earliest date a zip can name. */
const DOS_DATE = 0x21;

/** A file in a zip. */
export interface ZipEntry {
  /** path with forward slashes, ASCII */
  readonly name: string;
  readonly data: Uint8Array;
}

/** Little-endian fields: [value, bytes] pairs. */
function fields(...pairs: readonly (readonly [number, number])[]): Buffer {
  return Buffer.concat(
    pairs.map(([value, size]) => {
      const field = Buffer.alloc(size);
      field.writeUIntLE(value, 0, size);
      return field;
    }),
  );
}

/** @returns the zip, its entries in the given order */
export function storedZip(entries: readonly ZipEntry[]): Uint8Array {
  const files: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const { name, data } of entries) {
    const path = Buffer.from(name, "ascii");
    // version needed 1.0, no flags, method 0 (stored), time, date, CRC, both sizes, name length, no extra field
    const common = fields([10, 2], [0, 2], [0, 2], [0, 2], [DOS_DATE, 2], [crc32(data), 4]);
    const sizes = fields([data.length, 4], [data.length, 4], [path.length, 2], [0, 2]);
    const local = Buffer.concat([fields([0x04034b50, 4]), common, sizes, path, data]);
    directory.push(
      fields([0x02014b50, 4], [10, 2]),
      common,
      sizes,
      fields([0, 2], [0, 2], [0, 2], [0, 4], [offset, 4]),
      path,
    );
    files.push(local);
    offset += local.length;
  }
  const central = Buffer.concat(directory);
  const n = entries.length;
  const end = fields([0x06054b50, 4], [0, 2], [0, 2], [n, 2], [n, 2], [central.length, 4], [offset, 4], [0, 2]);
  return Buffer.concat([...files, central, end]);
}
