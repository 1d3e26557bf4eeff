"""pkilint as a judge: what it finds above NOTICE in certificates, CRLs and OCSP responses."""

from __future__ import annotations

from functools import cache

from pkilint import loader, pkix, report, validation
from pkilint.pkix import certificate, crl, extension, name, ocsp


@cache
def _certificates() -> validation.ValidatorContainer:
    return certificate.create_pkix_certificate_validator_container(
        certificate.create_decoding_validators(name.ATTRIBUTE_TYPE_MAPPINGS, extension.EXTENSION_MAPPINGS),
        [
            certificate.create_issuer_validator_container([]),
            certificate.create_validity_validator_container(),
            certificate.create_subject_validator_container([]),
            certificate.create_extensions_validator_container([]),
            certificate.create_spki_validator_container([]),
        ],
    )


def _decoders() -> list[validation.Validator]:
    return [
        pkix.create_attribute_decoder(name.ATTRIBUTE_TYPE_MAPPINGS),
        pkix.create_extension_decoder(extension.EXTENSION_MAPPINGS),
    ]


@cache
def _lists() -> validation.ValidatorContainer:
    return crl.create_pkix_crl_validator_container(
        _decoders(),
        [
            crl.create_issuer_validator_container([]),
            crl.create_validity_validator_container([]),
            crl.create_extensions_validator_container([]),
        ],
    )


@cache
def _responses() -> validation.ValidatorContainer:
    return ocsp.create_pkix_ocsp_response_validator_container(
        [ocsp.create_response_decoder(), *_decoders()], []
    )


def _found(container: validation.ValidatorContainer, root: object) -> list[str]:
    above = validation.ValidationFindingSeverity.WARNING
    results = [r for r in container.validate(root) if report.get_findings_count([r], above)]
    return str(report.ReportGeneratorPlaintext(results, above).generate()).split("\n")[:-1]


def certificate_findings(der: bytes) -> list[str]:
    """What is wrong with a certificate (RFC 5280)."""
    return _found(_certificates(), loader.load_der_certificate(der).root)


def crl_findings(der: bytes) -> list[str]:
    """What is wrong with a CRL (RFC 5280, section 5)."""
    return _found(_lists(), loader.load_der_crl(der).root)


def ocsp_findings(der: bytes) -> list[str]:
    """What is wrong with an OCSP response (RFC 6960)."""
    return _found(_responses(), loader.load_der_ocsp_response(der).root)
