/** The emulator takes any credentials, but the AWS SDK insists on some. */
export const emulatorCredentials = { accessKeyId: 'local', secretAccessKey: 'local' }
export const emulatorRegion = 'local'
