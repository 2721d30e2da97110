import { commonPasswords } from './common-passwords.ts'
import { longestPassword, normalized } from './password-hasher.ts'

/** Characters, after normalisation. NIST SP 800-63B asks for 8 or more, no rules of composition, and a list of the commonest. */
const shortest = 8

export interface ChosenPassword {
  readonly password: string
  readonly username: string
  readonly email: string
}

export type PasswordFault = { readonly kind: 'weak' | 'too-long'; readonly detail: string }

/** Why this password must not be taken; undefined if it may. */
export async function findPasswordFault(chosen: ChosenPassword): Promise<PasswordFault | undefined> {
  const common = await commonPasswords()
  return faultOfPassword(chosen, password => common.has(password))
}

/** The same, given what is common: `isCommon` gets it in lower case. */
export function faultOfPassword(
  chosen: ChosenPassword,
  isCommon: (password: string) => boolean,
): PasswordFault | undefined {
  const password = normalized(chosen.password)
  const bytes = Buffer.byteLength(password)
  if (bytes > longestPassword)
    return {
      kind: 'too-long',
      detail: `It has ${bytes} bytes of UTF-8; at most ${longestPassword} are allowed.`,
    }
  const weak = (detail: string): PasswordFault => ({ kind: 'weak', detail })
  // bcrypt repeats the password with a NUL behind it: with NULs inside, different passwords would be one.
  if (password.includes('\0') || !password.isWellFormed())
    return weak('It holds characters that cannot be typed.')
  if ([...password].length < shortest) return weak(`It must have at least ${shortest} characters.`)
  if (new Set(password).size < 3) return weak('It repeats one or two characters.')
  const lower = password.toLowerCase()
  if (isCommon(lower)) return weak('It is one of the commonest passwords: guessers try it first.')
  if (restsOnName(lower, chosen)) return weak('It is little more than your username or e-mail address.')
  return undefined
}

/** Whether, without the names that anybody knows, too little is left to be a password. */
function restsOnName(lower: string, { username, email }: ChosenPassword): boolean {
  const [local = '', domain = ''] = email.toLowerCase().split('@')
  const names = [username.toLowerCase(), local, domain, domain.split('.')[0]!].filter(
    name => name.length >= 3,
  )
  return names.some(name => lower.includes(name) && [...lower.replaceAll(name, '')].length < shortest)
}
