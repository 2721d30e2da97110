import { service } from '@plaza/kernel/service'
import { followAuth, listAudit } from './audit.ts'
import { carryingOut } from './carry-out.ts'
import { checksOf } from './checks.ts'
import { moderation } from './contract.ts'
import { listReports } from './list-reports.ts'
import { personalData } from './personal.ts'
import { reportPost } from './report-post.ts'
import { resolveReport } from './resolve-report.ts'

export const moderationService = service(moderation, new URL('../migrations/', import.meta.url), kit => {
  const carryOut = carryingOut(kit)
  return {
    handlers: {
      report: reportPost(kit),
      listReports: listReports(kit),
      resolve: resolveReport(kit, carryOut),
      listAudit: listAudit(kit),
    },
    subscriptions: [followAuth()],
    jobs: carryOut.jobs,
    personal: personalData(kit),
    checks: checksOf(kit),
  }
})
