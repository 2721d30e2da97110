import { service } from '@plaza/kernel/service'
import {
  assertMaySuspend,
  becomeSeller,
  setRoles,
  suspend,
  suspendFor,
  unsuspend,
} from './change-standing.ts'
import { checksOf } from './checks.ts'
import { auth } from './contract.ts'
import { logOut } from './end-session.ts'
import { eraseAccount, lockForErasure } from './erase-account.ts'
import { exportAccount } from './export-account.ts'
import { ensureFirstAdmin } from './first-admin.ts'
import { forServices } from './for-services.ts'
import { logIn } from './log-in.ts'
import { PasswordHasher } from './password-hasher.ts'
import { refresh } from './refresh.ts'
import { register } from './register.ts'
import { tokenMaker } from './tokens.ts'
import { upkeep } from './upkeep.ts'

export const authService = service(auth, new URL('../migrations/', import.meta.url), kit => {
  const { config, metrics } = kit
  const { secret, bcryptCost, hashesAtOnce } = config
  if (secret === undefined) throw new Error('auth needs PLAZA_SECRET: it seals what is kept')
  const hasher = new PasswordHasher({ cost: bcryptCost, atOnce: hashesAtOnce, waiting: 50, metrics })
  const tokens = tokenMaker(kit, secret)
  const hourly = upkeep(kit, tokens.keys)
  return {
    handlers: {
      register: register(kit, hasher, tokens),
      login: logIn(kit, secret, hasher, tokens),
      refresh: refresh(kit, tokens),
      logout: logOut(kit),
      becomeSeller: becomeSeller(kit),
      setRoles: setRoles(kit),
      suspend: suspend(kit),
      unsuspend: unsuspend(kit),
      assertMaySuspend: assertMaySuspend(kit),
      suspendFor: suspendFor(kit),
      keys: async () => ({ keys: await tokens.keys.published() }),
      lockForErasure: lockForErasure(kit),
      ensureFirstAdmin: ensureFirstAdmin(kit, hasher),
      ...forServices(kit),
    },
    jobs: hourly.handlers,
    checks: checksOf(kit),
    personal: { export: exportAccount(kit), erase: eraseAccount(kit) },
    start: async () => {
      await tokens.keys.current()
      await hourly.begin()
    },
  }
})
