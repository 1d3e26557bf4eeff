package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm4"
	"github.com/emmansun/gmsm/smx509"
)

func sm2Key(one *smx509.Certificate) (*ecdsa.PublicKey, error) {
	key, is := one.PublicKey.(*ecdsa.PublicKey)
	if !is || key.Curve != sm2.P256() {
		return nil, errors.New("no SM2 key")
	}
	return key, nil
}

type enveloped struct {
	Algorithm pkix.AlgorithmIdentifier
	Wrapped   asn1.RawValue
	Public    asn1.BitString
	Private   asn1.BitString
}

// envelope: the signing key's secret (32 octets), an SM2EnvelopedKey (GM/T 0009, section 7.4), the
// encryption certificate. Says the secret in it.
func envelope(words []string) (string, error) {
	secret, err := bytesOf(words[0])
	if err != nil {
		return "", err
	}
	der, err := bytesOf(words[1])
	if err != nil {
		return "", err
	}
	one, err := certificate(words[2])
	if err != nil {
		return "", err
	}
	var inside enveloped
	if err := exactly(der, &inside); err != nil {
		return "", err
	}
	ecb := asn1.ObjectIdentifier{1, 2, 156, 10197, 1, 104}
	if id := inside.Algorithm.Algorithm; !id.Equal(ecb) && !id.Equal(append(ecb, 1)) {
		return "", fmt.Errorf("cipher %v", id)
	}
	signing := secretKey(secret)
	key, err := signing.Decrypt(nil, inside.Wrapped.FullBytes, sm2.ASN1DecrypterOpts)
	if err != nil {
		return "", err
	}
	block, err := sm4.NewCipher(key)
	if err != nil {
		return "", err
	}
	sealed := inside.Private.RightAlign()
	if len(sealed) != 32 {
		return "", fmt.Errorf("%d octets of a sealed key", len(sealed))
	}
	plain := make([]byte, 32)
	block.Decrypt(plain[:16], sealed[:16])
	block.Decrypt(plain[16:], sealed[16:])
	found := secretKey(plain)
	public, err := sm2Key(one)
	if err != nil {
		return "", err
	}
	if found.X.Cmp(public.X) != 0 || found.Y.Cmp(public.Y) != 0 {
		return "", errors.New("not the certificate's key")
	}
	if !bytes.Equal(inside.Public.RightAlign(), publicBits(one)) {
		return "", errors.New("another public key beside it")
	}
	return "secret=" + hex.EncodeToString(plain), nil
}

func secretKey(octets []byte) *sm2.PrivateKey {
	key := new(sm2.PrivateKey)
	key.D = new(big.Int).SetBytes(octets)
	key.Curve = sm2.P256()
	key.X, key.Y = key.Curve.ScalarBaseMult(key.D.Bytes())
	return key
}
