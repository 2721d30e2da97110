/** Unicode code points in a post's text. */
export const maxTextLength = 5_000
/** Tags, and people mentioned, that a post is found by; further ones are only text. */
const maxTags = 50
const maxMentions = 50
const maxTagLength = 100

// As in twitter-text: letters and marks of every script, digits, and the joiners some scripts need inside a word.
const joiners = String.raw`_\u200c\u200d\ua67e\u05be\u05f3\u05f4\uff5e\u301c\u309b\u309c\u30a0\u30fb\u3003\u0f0b\u0f0c\u00b7`
const wordPart = String.raw`[\p{L}\p{M}\p{Nd}${joiners}]`
const tagAt = new RegExp(`[#＃](?!\\ufe0f|\\u20e3)(${wordPart}+)(?!${wordPart}|[#＃]|://)`, 'uy')
const hasLetter = /\p{L}/u
// What chooses between two looks of a sign (❤️) is a mark by Unicode, and ends an emoji.
const inWord = new RegExp(`^(?![\\ufe0e\\ufe0f])(?:${wordPart}|&)`, 'u')
// Latin letters beyond ASCII, and accents: with them it is another word.
const accented = String.raw`\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u0253\u0254\u0256\u0257\u0259\u025b\u0263\u0268\u026f\u0272\u0289\u028b\u02bb\u0300-\u036f\u1e00-\u1eff`
const mentionAt = new RegExp(`[@＠]([A-Za-z0-9_]{3,30})(?![A-Za-z0-9_@＠${accented}]|://)`, 'uy')
const inMentionOrAddress = /^[A-Za-z0-9_!#$%&*@＠]/
// Up to a space or the punctuation of East Asian texts, which is written without one.
const linkRest = String.raw`[^\s\u3000-\u303f\uff00-\uffef]`
const linkAt = new RegExp(
  String.raw`[a-z][a-z0-9+.-]{1,20}://${linkRest}+|www\.${linkRest}+|(?<![a-z0-9.-])(?:[a-z0-9-]+\.)+[a-z]{2,}/${linkRest}*`,
  'giu',
)

/** A tag as it is stored and compared: compatibility forms are one (NFKC), case does not count. It holds no space, though some letters' forms do. */
export function normalTag(tag: string): string {
  return tag.normalize('NFKC').replace(/\s/gu, '').toLowerCase().normalize('NFKC')
}

/** The tags in a text (`#plaza`), normalised, each once, in their order. A `#` inside a link or a word is none. */
export function tagsIn(text: string): string[] {
  if (!/[#＃]/.test(text)) return []
  const found = marks(text, /[#＃]/g, tagAt, inWord)
  const tags = found.filter(tag => hasLetter.test(tag)).map(normalTag)
  return distinct(tags.filter(tag => [...tag].length <= maxTagLength)).slice(0, maxTags)
}

/** The usernames in a text (`@ana`), in lower case, each once, in their order. An `@` in a link or an e-mail address is none. */
export function usernamesIn(text: string): string[] {
  if (!/[@＠]/.test(text)) return []
  const found = marks(text, /[@＠]/g, mentionAt, inMentionOrAddress)
  return distinct(found.map(name => name.toLowerCase())).slice(0, maxMentions)
}

/** Whether the text has at most `maxTextLength` code points. */
export function isShortEnough(text: string): boolean {
  if (text.length <= maxTextLength) return true
  if (text.length > 2 * maxTextLength) return false
  let length = 0
  for (const _ of text) length++
  return length <= maxTextLength
}

/** What stands behind each mark that begins a word outside the links. */
function marks(text: string, sign: RegExp, word: RegExp, wordBefore: RegExp): string[] {
  const links = linksIn(text)
  const found: string[] = []
  for (const { index } of text.matchAll(sign)) {
    if (wordBefore.test(characterBefore(text, index))) continue
    if (links.some(({ from, to }) => from <= index && index < to)) continue
    word.lastIndex = index
    const match = word.exec(text)
    if (match?.[1] !== undefined) found.push(match[1])
  }
  return found
}

function linksIn(text: string): { readonly from: number; readonly to: number }[] {
  if (!text.includes('/') && !/www\./i.test(text)) return []
  return [...text.matchAll(linkAt)].map(({ 0: link, index }) => ({ from: index, to: index + link.length }))
}

function characterBefore(text: string, index: number): string {
  return [...text.slice(Math.max(0, index - 2), index)].at(-1) ?? ''
}

function distinct(words: readonly string[]): string[] {
  return [...new Set(words)]
}
