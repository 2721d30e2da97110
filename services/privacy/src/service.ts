import { service } from '@plaza/kernel/service'
import { archiveReaders } from './archive-link.ts'
import { privacy } from './contract.ts'
import { eraseMe, erasureKind, hearErasing } from './erase-me.ts'
import { erasePerson, sweepAfterErasure, sweepKind } from './erase-person.ts'
import { erasedCheck } from './erased-check.ts'
import { exportKind, exportMe, exportPerson } from './export-person.ts'
import { type Holder, holders } from './holders.ts'
import { personal } from './personal.ts'
import { upkeep } from './upkeep.ts'

/** Longer (ms) than a request that began before the lock may take, and than events are late. */
const usualSweepAfter = 15_000

/** The service over these holders of personal data: a test may have fewer than Plaza. */
export const privacyOver = (all: readonly Holder[], sweepAfter = usualSweepAfter) =>
  service(privacy, new URL('../migrations/', import.meta.url), kit => {
    const hourly = upkeep(kit)
    return {
      handlers: {
        exportMe: exportMe(kit),
        eraseMe: eraseMe(kit),
        ...archiveReaders(kit),
      },
      subscriptions: [hearErasing(kit)],
      jobs: {
        [exportKind]: exportPerson(kit, all),
        [erasureKind]: erasePerson(kit, all, sweepAfter),
        [sweepKind]: sweepAfterErasure(kit, all),
        ...hourly.handlers,
      },
      personal: personal(kit),
      checks: { erased: erasedCheck(kit, all) },
      start: async () => {
        await hourly.begin()
      },
    }
  })

export const privacyService = privacyOver(holders)
