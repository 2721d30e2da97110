let loading: Promise<ReadonlySet<string>> | undefined

/**
 * The passwords of at least 8 characters among the 49,000 commonest, in lower case (18,000, from breaches and from Wikipedia, as
 * zxcvbn-ts collects them). Loaded when first needed: it takes 30 ms.
 */
export function commonPasswords(): Promise<ReadonlySet<string>> {
  loading ??= load()
  return loading
}

async function load(): Promise<ReadonlySet<string>> {
  const { dictionary } = await import('@zxcvbn-ts/language-common')
  return new Set(dictionary['passwords-common'].filter(password => password.length >= 8))
}
