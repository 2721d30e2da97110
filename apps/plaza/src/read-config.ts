import { type Config, readEnv, toConfig } from '@plaza/kernel/config'
import { loadSecret } from '@plaza/kernel/security'
import { knownNames } from './services.ts'

/** A configuration whose secret is known. */
export type SecretConfig = Config & { readonly secret: string }

/** The configuration of this process; what the command line says goes before the environment. */
export function readConfig(commandLine: Readonly<Record<string, string | undefined>> = {}): Config {
  const given = Object.entries(commandLine).filter(([, value]) => value !== undefined)
  return toConfig({ ...readEnv(), ...Object.fromEntries(given) }, knownNames)
}

/** The same with its secret: the given one, or the one in the data folder, made on first use. */
export async function withSecret(config: Config): Promise<SecretConfig> {
  return Object.freeze({ ...config, secret: await loadSecret(config) })
}
