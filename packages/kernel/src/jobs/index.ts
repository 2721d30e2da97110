export { JobSchema, jobOperations } from './find-job.ts'
export * from './job.ts'
export { jobChecks } from './job-checks.ts'
export { type JobRunner, type JobsOptions, startJobs } from './run-jobs.ts'
