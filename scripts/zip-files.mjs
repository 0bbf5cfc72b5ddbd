// A zip archive of a few files, the same bytes for the same content (PKWARE, APPNOTE.TXT 4.3: local
// headers with the data, a central directory, its end).
import { crc32, deflateRawSync } from "node:zlib";

const LOCAL_HEADER = 0x04034b50;
const CENTRAL_HEADER = 0x02014b50;
const END = 0x06054b50;

/** 2.0: deflated. */
const VERSION = 20;
/** Who made it counts attributes as Unix does. */
const MADE_ON_UNIX = (3 << 8) | VERSION;
const DEFLATED = 8;
/** Names are UTF-8. */
const UTF8 = 0x0800;
/**
 * The first day that the format can tell, 1980-01-01, so that the time of a build changes nothing.
 */
const FIRST_DAY = (1 << 5) | 1;
/** A file that all may read: -rw-r--r--. Lambda runs as somebody else. */
const READABLE_FILE = 0o100644;

/**
 * @param {readonly (readonly [name: string, content: Buffer])[]} files less than 4 GB in all
 * @returns {Buffer}
 */
export function zipFiles(files) {
  const locals = [];
  const central = [];
  let offset = 0;
  for (const [name, content] of files) {
    const bytes = Buffer.from(name);
    const data = deflateRawSync(content, { level: 9 });
    const facts = describeFile(bytes, content, data);
    // Comment, disk, internal attributes: none. Then the mode, and where the local header is.
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(READABLE_FILE * 2 ** 16, 6);
    rest.writeUInt32LE(offset, 10);
    const local = Buffer.concat([number(LOCAL_HEADER, 4), facts, bytes, data]);
    offset += local.length;
    locals.push(local);
    central.push(number(CENTRAL_HEADER, 4), number(MADE_ON_UNIX, 2), facts, rest, bytes);
  }
  const directory = Buffer.concat(central);
  // Disks: the first, twice; entries: on this disk and in all; no comment.
  const end = [
    number(END, 4),
    number(0, 4),
    number(files.length, 2),
    number(files.length, 2),
    number(directory.length, 4),
    number(offset, 4),
    number(0, 2),
  ];
  return Buffer.concat([...locals, directory, ...end]);
}

/** What both headers say: version, flags, method, time, date, CRC, sizes, lengths. */
function describeFile(name, content, data) {
  const facts = Buffer.alloc(26);
  facts.writeUInt16LE(VERSION, 0);
  facts.writeUInt16LE(UTF8, 2);
  facts.writeUInt16LE(DEFLATED, 4);
  facts.writeUInt16LE(FIRST_DAY, 8);
  facts.writeUInt32LE(crc32(content), 10);
  facts.writeUInt32LE(data.length, 14);
  facts.writeUInt32LE(content.length, 18);
  facts.writeUInt16LE(name.length, 22);
  return facts;
}

function number(value, length) {
  const bytes = Buffer.alloc(length);
  bytes.writeUIntLE(value, 0, length);
  return bytes;
}
