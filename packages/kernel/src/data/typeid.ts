/** Everything that has an id of its own, by the prefix of its TypeID. */
export type IdKind = 'user' | 'session' | 'post' | 'report' | 'job' | 'event'

/** A UUID as PostgreSQL prints it: 36 characters, lower case. */
export type Uuid = string

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'
const hexDigits = '0123456789abcdef'
const valueOfLetter = lookup(alphabet)
const valueOfHex = lookup(hexDigits)
// Where the 32 hex digits stand in a printed UUID.
const hexPlaces = [...'xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx'].flatMap((c, i) => (c === 'x' ? [i] : []))

/** The regular expression every TypeID of this kind matches. */
export const idPattern = (kind: IdKind) => `^${kind}_[0-7][0-9a-hjkmnp-tv-z]{25}$`

/**
 * The TypeID of a UUID: its prefix and 26 letters of Crockford's base 32. Text order is UUID order.
 * @example toId('post', '01890a5d-ac96-774b-bcce-b302099a8057') // 'post_01h455vb4pex5vsknk084sn02q'
 */
export function toId<K extends IdKind>(kind: K, uuid: Uuid): `${K}_${string}` {
  let text = ''
  let bits = 0
  let held = 2 // 26 letters hold 130 bits: two leading zeros
  for (let i = 0; i < 32; i++) {
    bits = ((bits << 4) | valueOfHex[uuid.charCodeAt(hexPlaces[i]!)]!) & 0xff
    held += 4
    if (held >= 5) {
      held -= 5
      text += alphabet[(bits >> held) & 31]
    }
  }
  return `${kind}_${text}`
}

/** The UUID inside a TypeID. The id must match `idPattern`: contracts check that at the edge. */
export function toUuid(id: string): Uuid {
  const start = id.length - 26
  let hex = ''
  let bits = 0
  let held = -2
  for (let i = 0; i < 26; i++) {
    bits = ((bits << 5) | valueOfLetter[id.charCodeAt(start + i)]!) & 0x1ff
    held += 5
    while (held >= 4) {
      held -= 4
      hex += hexDigits[(bits >> held) & 15]
      const length = hex.length
      if (length === 8 || length === 13 || length === 18 || length === 23) hex += '-'
    }
  }
  return hex
}

function lookup(letters: string): Uint8Array {
  const table = new Uint8Array(128)
  for (let i = 0; i < letters.length; i++) table[letters.charCodeAt(i)] = i
  return table
}
