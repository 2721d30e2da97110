import { adminPassword } from './verify-api.ts'

/** What every Plaza that is killed is configured with: cheap passwords, an admin whom the test knows. */
export const environment = {
  PLAZA_BCRYPT_COST: '10',
  PLAZA_ADMIN_PASSWORD: adminPassword,
  LOG_LEVEL: 'warn',
}
