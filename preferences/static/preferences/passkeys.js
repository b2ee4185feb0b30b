// Says on the page what allauth's scripts tell the console only: that the passkey did not answer.
document.addEventListener('allauth.error', (event) => {
  event.preventDefault()
  document.getElementById('passkey-error').hidden = false
})
document.addEventListener('click', () => {
  document.getElementById('passkey-error').hidden = true
}, true)
