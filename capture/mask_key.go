package capture

import (
	"strings"
	"unicode"
)

// member is the place of an object's member. first is the first byte of its value: some keys hold a payload only
// when the value is a string.
//
// The keys are those of the Engine API, https://docs.docker.com/reference/api/engine/, compared without case as
// encoding/json does.
func (p place) member(name string, first byte) place {
	key := strings.ToLower(name)
	in := place{key: key, how: p.how}
	if p.how == whole {
		return in
	}
	if p.how == environ { // a map of variables instead of a list
		in.chosen = true
		return in
	}
	in.how = byContent
	if p.chosen {
		if telling(name) || tellingLabel(key) {
			in.how = whole
		}
		in.chosen = true // an option may itself be a map
		return in
	}
	switch key {
	case "env", "environment", "buildargs":
		in.how = environ
	case "cmd", "command", "args", "entrypoint", "test", "runtimeargs", "shell", "onbuild", "processconfig", "arguments",
		"output": // of a health check, which often prints what it ran
		in.how = command
	case "action", "status", // of an event: exec_create: and the command
		"description": // of a build's step: RUN and the command
		if first == '"' {
			in.how = command
		}
	case "labels", "options", "opts", "driveropts", "config", "annotations", "parameters", "attributes",
		"log-opts", "storage-opts", "exec-opts", "cluster-store-opts", "default-network-opts",
		"com.docker.network.generic", "ipamoptions":
		in.how = assignment
		in.chosen = first == '{' // ContainerConfig of an image, too, is a Config: its own keys are found below
		if key == "config" && p.key != "logconfig" {
			in.chosen = false
		}
	case "jointokens", "unlockkey", "signingcakey", "authconfig", "auths", "identitytoken", "registrytoken",
		"registryauth", "credentialspec":
		in.how = whole
	case "data": // payload of a secret or config; GraphDriver.Data is an object of paths
		if first == '"' {
			in.how = whole
		}
	case "secrets", "secretreferences", "secretid", "secretname", "authorization", "privateport":
		// references by id and name, the list of authorization plug-ins, a port: no secret is in them
	case "httpproxy", "httpsproxy", "ftpproxy", "allproxy", "http-proxy", "https-proxy",
		"insecure-registries", "registry-mirrors", "mirrors":
		in.how = login
	default:
		if telling(name) {
			in.how = whole
		}
	}
	return in
}

// tellingWords are words that name a secret when a key has one of them between its separators.
var tellingWords = map[string]bool{
	"auth": true, "authkey": true, "basicauth": true, "bearer": true, "cred": true, "creds": true, "jwt": true,
	"pass": true, "passwd": true, "private": true, "psk": true, "pw": true, "pwd": true, "secret": true, "token": true,
	"tokens": true, "userpass": true,
}

// tellingParts name a secret wherever in a key they stand, separators left out.
var tellingParts = []string{
	"password", "passwd", "passphrase", "passcode", "secret", "credential", "apikey", "accesskey", "privatekey",
	"privkey", "encryptionkey", "signingkey", "sharedkey", "sshkey", "masterkey", "accountkey", "sessionkey",
	"storagekey", "lockkey", "authkey", "authtoken", "accesstoken", "requirepass", "masterauth", "connectionstring",
}

// telling reports whether a name tells that its value is a secret: DB_PASSWORD, splunk-token, requirepass.
func telling(name string) bool {
	words := words(name)
	for _, w := range words {
		if tellingWords[w] || strings.HasSuffix(w, "pass") && w != "bypass" && w != "compass" {
			return true
		}
	}
	joined := strings.Join(words, "")
	for _, part := range tellingParts {
		if strings.Contains(joined, part) {
			return true
		}
	}
	return false
}

// tellingLabel is for names that a user chose freely; key is in lower case. It is wider than telling, because a
// label that is masked by mistake costs little: only Docker's own are needed later, and none of them matches.
func tellingLabel(key string) bool {
	if strings.HasPrefix(key, "com.docker.swarm.") || strings.HasPrefix(key, "com.docker.network.") {
		return false
	}
	for _, w := range words(key) {
		if w == "key" || w == "keys" {
			return true
		}
	}
	i := strings.Index(key, "auth")
	return i >= 0 && !strings.HasPrefix(key[i:], "author") || strings.Contains(key, "authoriz")
}

// words cuts a name at its separators and where lower case turns to upper, in lower case: dbPassword-file gives
// db, password, file.
func words(name string) []string {
	var out []string
	var word []rune
	lower := false
	end := func() {
		if len(word) > 0 {
			out = append(out, string(word))
		}
		word = nil
	}
	for _, r := range name {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			end()
			lower = false
			continue
		}
		if unicode.IsUpper(r) && lower {
			end()
		}
		lower = !unicode.IsUpper(r)
		word = append(word, unicode.ToLower(r))
	}
	end()
	return out
}
