// tus-js-client against the archive: `node upload.mjs URL FILE SHA256 CA CERT KEY MODE [UPLOAD_URL]`
// MODE whole: one creation-with-upload. MODE broken: stop after a part and print where. MODE resume: go on at UPLOAD_URL.
import { readFileSync } from 'node:fs'
import { DefaultHttpStack, Upload } from 'tus-js-client'

const [endpoint, file, sha256, ca, cert, key, mode, uploadUrl] = process.argv.slice(2)
const httpStack = new DefaultHttpStack({ ca: readFileSync(ca), cert: readFileSync(cert), key: readFileSync(key) })

await new Promise((resolve, reject) => {
  const upload = new Upload(readFileSync(file), {
    endpoint,
    httpStack,
    uploadUrl: mode === 'resume' ? uploadUrl : null,
    uploadDataDuringCreation: mode === 'whole',
    chunkSize: mode === 'whole' ? Infinity : 100_000,
    retryDelays: [0, 200, 1000],
    metadata: { sha256, filename: 'DSJ_000001.MP4' },
    onError: reject,
    onSuccess: resolve,
    onChunkComplete: (_size, accepted) => {
      if (mode === 'broken' && accepted >= 300_000) {
        upload.abort().then(resolve, reject)
      }
    },
  })
  upload.start()
  process.on('beforeExit', () => console.log(upload.url))
})
